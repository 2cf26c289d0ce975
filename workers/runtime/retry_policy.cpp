#include "runtime/retry_policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace coupon {
namespace {

constexpr long long day_s = 24 * 60 * 60;

std::optional<long long> parse_http_date(const std::string& text) {
    // The form to send and the two old ones that are to be understood (RFC 9110, 5.6.7).
    constexpr std::array<const char*, 3> formats{"%a, %d %b %Y %H:%M:%S GMT",
                                                 "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"};
    for (const char* format : formats) {
        std::tm parts{};
        const char* end = ::strptime(text.c_str(), format, &parts);
        if (end != nullptr && *end == '\0') {
            return ::timegm(&parts);
        }
    }
    return std::nullopt;
}

}  // namespace

std::chrono::milliseconds retry_delay(int failed_attempts, std::minstd_rand& random) {
    const long long n = std::clamp(failed_attempts, 1, 100);
    std::uniform_int_distribution<long long> jitter(0, 10'000 * (n + 1));
    return std::chrono::milliseconds((n * n * n * n + 15) * 1000 + jitter(random));
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, long long now_s) {
    const auto first = value.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return std::nullopt;
    }
    value = value.substr(first, value.find_last_not_of(" \t") - first + 1);

    long long wait_s = 0;
    const bool digits_only = value.find_first_not_of("0123456789") == std::string_view::npos;
    if (digits_only) {
        const auto parsed = std::from_chars(value.data(), value.data() + value.size(), wait_s);
        if (parsed.ec == std::errc::result_out_of_range) {
            wait_s = day_s;
        }
    } else {
        const auto date_s = parse_http_date(std::string(value));
        if (!date_s) {
            return std::nullopt;
        }
        wait_s = *date_s - now_s;
    }
    return std::chrono::milliseconds(std::clamp(wait_s, 0LL, day_s) * 1000);
}

}  // namespace coupon
