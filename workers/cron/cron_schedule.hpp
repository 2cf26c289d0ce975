// When a job is due. Pure: the time is an argument, and so is the zone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/time_zone.hpp"

namespace coupon {

// Unix times are in seconds.
class CronSchedule {
  public:
    // "daily 02:00", "weekly sun 03:30", "hourly :15", "every 5m" (s, m, h; counted from 1970 in
    // UTC) or "off". Nothing for any other text.
    static std::optional<CronSchedule> parse(std::string_view text);

    [[nodiscard]] bool is_off() const noexcept { return kind_ == Kind::off; }

    // The first time after `unix_s`, and the last one that is not after it. Nothing where it is
    // off.
    //
    // Where clocks are put forward, what was due within the hour that is left out is due at the
    // first moment after it. Where they are put back, what is due within the hour that comes twice
    // is due the first time only; an hourly job is due in both hours.
    [[nodiscard]] std::optional<std::int64_t> next_after(const TimeZone& zone,
                                                         std::int64_t unix_s) const;
    [[nodiscard]] std::optional<std::int64_t> latest_until(const TimeZone& zone,
                                                           std::int64_t unix_s) const;

  private:
    enum class Kind : std::uint8_t { off, every, hourly, daily, weekly };

    struct Around {
        std::optional<std::int64_t> latest, next;
    };
    [[nodiscard]] Around around(const TimeZone& zone, std::int64_t unix_s) const;

    Kind kind_ = Kind::off;
    std::int64_t every_s_ = 0;
    std::int64_t within_s_ = 0;  // of the hour or the day
    int weekday_ = 0;            // from Sunday on
};

}  // namespace coupon
