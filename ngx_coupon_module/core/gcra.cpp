#include "core/gcra.hpp"

#include <algorithm>
#include <charconv>

namespace coupon {

namespace {

constexpr uint64_t kSecond_ns = 1'000'000'000;

}  // namespace

std::optional<RateLimit> parse_rate_limit(std::string_view text) noexcept {
    constexpr uint32_t kBurstMax = 1'000'000;
    RateLimit limit;
    const char* end = text.data() + text.size();
    auto [unit, error] = std::from_chars(text.data(), end, limit.burst);
    if (error != std::errc{} || limit.burst == 0 || limit.burst > kBurstMax)
        return std::nullopt;
    std::string_view period(unit, static_cast<size_t>(end - unit));
    if (period == "r/s") {
        limit.interval_ns = kSecond_ns / limit.burst;
    } else if (period == "r/m") {
        limit.interval_ns = 60 * kSecond_ns / limit.burst;
    } else {
        return std::nullopt;
    }
    return limit;
}

Decision gcra_check(const RateLimit& limit, uint64_t tat_ns, uint64_t now_ns) noexcept {
    uint64_t next = std::max(tat_ns, now_ns) + limit.interval_ns;
    uint64_t latest = now_ns + limit.burst * limit.interval_ns;
    if (next <= latest)
        return {true, next, 0};
    return {false, tat_ns, static_cast<uint32_t>((next - latest + kSecond_ns - 1) / kSecond_ns)};
}

uint64_t gcra_advance(const RateLimit& limit, uint64_t tat_ns, uint64_t now_ns,
                      uint64_t requests) noexcept {
    uint64_t counted = std::min<uint64_t>(requests, limit.burst);
    uint64_t next = std::max(tat_ns, now_ns) + counted * limit.interval_ns;
    uint64_t latest = now_ns + limit.burst * limit.interval_ns;
    return std::max(tat_ns, std::min(next, latest));
}

}  // namespace coupon
