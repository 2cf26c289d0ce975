#include "runtime/time_text.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <string>
#include <string_view>

namespace coupon {
namespace {

constexpr double ms_max = 253'402'300'800'000.0;  // the year 10000
// Seconds reach this in the year 5138, milliseconds passed it in 1973.
constexpr double seconds_below = 1e11;

std::optional<std::int64_t> from_number(double number) {
    const double ms = number < seconds_below ? number * 1000 : number;
    if (!(ms >= 0 && ms < ms_max)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(ms);
}

// Reads a text from its front; `good` is false once something was not as it had to be.
struct Reader {
    std::string_view rest;
    bool good = true;

    int digits(std::size_t count) {
        int value = 0;
        if (rest.size() < count) {
            good = false;
            return 0;
        }
        const auto* end = rest.data() + count;
        const auto [stopped, error] = std::from_chars(rest.data(), end, value);
        good = good && error == std::errc() && stopped == end && rest.front() != '-';
        rest.remove_prefix(count);
        return value;
    }

    bool skip(std::string_view any_of) {
        if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) {
            return false;
        }
        rest.remove_prefix(1);
        return true;
    }

    void expect(std::string_view any_of) { good = skip(any_of) && good; }

    // What follows a point; more than three digits are finer than anybody asks for.
    int fraction_ms() {
        int ms = 0;
        int unit = 100;
        bool any = false;
        while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
            ms += (rest.front() - '0') * unit;
            unit /= 10;
            any = true;
            rest.remove_prefix(1);
        }
        good = good && any;
        return ms;
    }

    int zone_minutes() {
        if (rest.empty() || skip("Zz")) {
            return 0;
        }
        const bool west = rest.front() == '-';
        expect("+-");
        const int hours = digits(2);
        skip(":");
        const int minutes = rest.empty() ? 0 : digits(2);
        good = good && hours <= 15 && minutes <= 59;
        return (west ? -1 : 1) * (hours * 60 + minutes);
    }
};

std::optional<std::int64_t> from_iso(std::string_view text) {
    using namespace std::chrono;
    Reader reader{text};
    const year year_of(reader.digits(4));
    reader.expect("-");
    const month month_of(static_cast<unsigned>(reader.digits(2)));
    reader.expect("-");
    const year_month_day date(year_of, month_of, day(static_cast<unsigned>(reader.digits(2))));
    if (!reader.good || !date.ok()) {
        return std::nullopt;
    }
    std::int64_t ms = duration_cast<milliseconds>(sys_days(date).time_since_epoch()).count();
    if (!reader.rest.empty()) {
        reader.expect("Tt ");
        const int hour = reader.digits(2);
        reader.expect(":");
        const int minute = reader.digits(2);
        const int second = reader.skip(":") ? reader.digits(2) : 0;
        const int fraction = reader.skip(".,") ? reader.fraction_ms() : 0;
        const int zone = reader.zone_minutes();
        if (!reader.good || !reader.rest.empty() || hour > 23 || minute > 59 || second > 60) {
            return std::nullopt;
        }
        ms += ((hour * 60 + minute - zone) * 60 + second) * std::int64_t{1000} + fraction;
    }
    return from_number(static_cast<double>(ms)) && ms >= 0 ? std::optional(ms) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_time_ms(const nlohmann::json& value) {
    if (value.is_number()) {
        return from_number(value.get<double>());
    }
    if (!value.is_string()) {
        return std::nullopt;
    }
    const auto& text = value.get_ref<const std::string&>();
    double number = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] =
        std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (error == std::errc() && stopped == end) {
        return from_number(number);
    }
    return from_iso(text);
}

std::string iso_time(std::int64_t unix_ms) {
    const std::time_t seconds = unix_ms / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    auto ms = std::to_string(1000 + unix_ms % 1000);
    ms[0] = '.';
    return std::string(text.data(), size) + ms + "Z";
}

}  // namespace coupon
