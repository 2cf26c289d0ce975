#include <chrono>

#include "core/webhook/sns.hpp"

namespace coupon {

namespace {

/// So many digits at `at`; -1 when one is none.
int digits(std::string_view text, size_t at, size_t count) noexcept {
    int value = 0;
    for (size_t digit = 0; digit < count; ++digit) {
        char c = text[at + digit];
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

/// The milliseconds of ".123456Z" or "Z"; -1 when it is neither.
int fraction_ms(std::string_view text) noexcept {
    if (text == "Z")
        return 0;
    if (text.size() < 3 || text.size() > 11 || text.front() != '.' || text.back() != 'Z')
        return -1;
    int ms = 0;
    int unit_ms = 100;
    for (char c : text.substr(1, text.size() - 2)) {
        if (c < '0' || c > '9')
            return -1;
        ms += (c - '0') * unit_ms;
        unit_ms /= 10;
    }
    return ms;
}

}  // namespace

std::optional<int64_t> sns_time_ms(std::string_view text) noexcept {
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':') {
        return std::nullopt;
    }
    int year = digits(text, 0, 4);
    int month = digits(text, 5, 2);
    int day = digits(text, 8, 2);
    int hour = digits(text, 11, 2);
    int minute = digits(text, 14, 2);
    int second = digits(text, 17, 2);
    int ms = fraction_ms(text.substr(19));
    if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60 || ms < 0) {
        return std::nullopt;
    }
    std::chrono::year_month_day date{std::chrono::year{year},
                                     std::chrono::month{static_cast<unsigned>(month)},
                                     std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok())
        return std::nullopt;
    int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
    return ((days * 24 + hour) * 60 + minute) * 60'000 + second * 1000 + ms;
}

}  // namespace coupon
