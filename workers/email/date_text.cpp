#include "email/date_text.hpp"

#include <array>
#include <chrono>

#include "runtime/time_text.hpp"

namespace coupon {

std::string date_text(const nlohmann::json& value) {
    using namespace std::chrono;
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto* text = value.get_ptr<const nlohmann::json::string_t*>();
    const bool iso = text != nullptr && text->size() >= 10 && (*text)[4] == '-';
    const auto ms = iso ? parse_time_ms(text->substr(0, 10)) : parse_time_ms(value);
    if (!ms || (iso && !parse_time_ms(value))) {
        return text == nullptr ? std::string() : *text;
    }
    const year_month_day date(floor<days>(sys_time<milliseconds>(milliseconds(*ms))));
    return std::to_string(static_cast<unsigned>(date.day())) + " " +
           months.at(static_cast<unsigned>(date.month()) - 1) + " " +
           std::to_string(static_cast<int>(date.year()));
}

}  // namespace coupon
