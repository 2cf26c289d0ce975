// Any text as an amount of a network, and as one of ours: plain arithmetic on the digits agrees.
#include <optional>

#include "cashback/networks/network_amount.hpp"
#include "check.hpp"
#include "core/decimal.hpp"
#include "core/gcra.hpp"
#include "core/multirange.hpp"
#include "runtime/amount.hpp"

namespace {

/// Hundredths of digits, point, digits, rounded half up; nothing where it is written otherwise or
/// has too many digits for this plain a way.
std::optional<int64_t> hundredths(std::string_view text) {
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
    const auto digits = std::string(whole) + std::string(fraction);
    if (digits.empty() || digits.size() > 30 || whole.size() > 15 ||
        (point != std::string_view::npos && fraction.empty()) ||
        digits.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
    }
    int64_t sum = 0;
    for (const char c : whole) {
        sum = sum * 10 + (c - '0');
    }
    for (size_t place = 0; place < 2; ++place) {
        sum = sum * 10 + (place < fraction.size() ? fraction[place] - '0' : 0);
    }
    return sum + (fraction.size() > 2 && fraction[2] >= '5' ? 1 : 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto text = text_of(data, size);
    const auto amount = coupon::read_network_amount(text);
    check(amount.text.empty() != amount.reason.empty());
    constexpr int64_t below = 100'000'000'000'000;
    if (const auto expected = hundredths(text)) {
        check(amount.text == (*expected < below ? coupon::major_units(*expected) : ""));
    }
    if (!amount.text.empty()) {
        check(coupon::read_network_amount(amount.text).text == amount.text);
        const auto paise = coupon::parse_major_units(amount.text);
        check(paise && *paise >= 0 && *paise < below && coupon::major_units(*paise) == amount.text);
    }
    if (const auto paise = coupon::parse_major_units(text)) {
        check(*paise >= 0 && hundredths(text) == paise);
        check(coupon::parse_major_units(coupon::major_units(*paise)) == paise);
    }
    if (const auto paise = coupon::parse_paise(text)) {
        check(size <= 12 && *paise >= 0 && hundredths(text) == *paise * 100);
    }
    if (const auto limit = coupon::parse_rate_limit(text)) {
        check(limit->burst >= 1 && limit->burst <= 1'000'000 && limit->interval_ns > 0);
        const auto decision = coupon::gcra_check(*limit, 0, 1);
        check(decision.allowed);
    }
    return 0;
}
