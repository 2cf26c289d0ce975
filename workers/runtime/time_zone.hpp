// Local time of a named zone, from the system's zone files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coupon {

class TimeZone {
  public:
    TimeZone() = default;  // UTC

    // "UTC", "Asia/Kolkata" or a fixed "+05:30". Nothing where the system does not know it.
    static std::optional<TimeZone> find(const std::string& name);

    // Seconds east of UTC at that Unix time.
    [[nodiscard]] std::int64_t offset_at(std::int64_t unix_s) const;
    // The Unix time at which clocks there show `local_s` (seconds since 1970-01-01 00:00 local). Of
    // an hour that comes twice one of both; of one that is left out, a time close to it.
    [[nodiscard]] std::int64_t unix_time(std::int64_t local_s) const;

  private:
    struct Change {
        std::int64_t at_s, offset_s;
    };
    static std::optional<TimeZone> read_file(const std::string& name);

    std::int64_t first_offset_s_ = 0;
    std::vector<Change> changes_;  // by time
};

// The zone that the variable names. Throws ConfigError, which names it.
TimeZone configured_time_zone(const std::string& variable, const std::string& by_default);

}  // namespace coupon
