// When a queue's entry was made.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace coupon {

// Clicks and webhooks carry ts, in ms; FastAPI's jobs enqueued_at, in s with a fraction. Both are
// Unix time. Nothing where the entry has neither, or a number that is no time (negative, above
// 2^53 ms): anybody may have pushed it.
inline std::optional<std::int64_t> entry_ms(std::string_view entry) {
    constexpr std::uint64_t ms_max = std::uint64_t{1} << 53;
    const auto json = nlohmann::json::parse(entry, nullptr, false);
    if (!json.is_object()) {
        return std::nullopt;
    }
    if (const auto ts = json.find("ts"); ts != json.end() && ts->is_number_integer()) {
        // The parser keeps what is not negative unsigned.
        if (ts->is_number_unsigned() && ts->get<std::uint64_t>() <= ms_max) {
            return ts->get<std::int64_t>();
        }
        return std::nullopt;
    }
    if (const auto at = json.find("enqueued_at"); at != json.end() && at->is_number()) {
        const double ms = at->get<double>() * 1000;
        if (ms >= 0 && ms <= static_cast<double>(ms_max)) {
            return static_cast<std::int64_t>(ms);
        }
    }
    return std::nullopt;
}

}  // namespace coupon
