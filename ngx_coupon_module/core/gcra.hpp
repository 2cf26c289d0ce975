// The generic cell rate algorithm: `burst` requests at once, refilled evenly. Pure arithmetic on a
// theoretical arrival time (TAT) that the caller keeps; any clock that only goes forward.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace coupon {

struct RateLimit {
    uint32_t burst = 0;        // requests that pass at once
    uint64_t interval_ns = 0;  // time that one request costs

    friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

/// `100r/m` or `5r/s`, 1…1,000,000 requests; nothing for other text.
std::optional<RateLimit> parse_rate_limit(std::string_view text) noexcept;

struct Decision {
    bool allowed = false;
    uint64_t new_tat_ns = 0;     // to be kept; unchanged when refused
    uint32_t retry_after_s = 0;  // at least 1 when refused
};

/// One request at `now_ns` by a client whose TAT is `tat_ns` (0: never seen).
Decision gcra_check(const RateLimit& limit, uint64_t tat_ns, uint64_t now_ns) noexcept;

/// The TAT after `requests` that passed elsewhere (another edge). Never further ahead than an empty
/// bucket, so that nobody waits longer than one refill.
uint64_t gcra_advance(const RateLimit& limit, uint64_t tat_ns, uint64_t now_ns,
                      uint64_t requests) noexcept;

}  // namespace coupon
