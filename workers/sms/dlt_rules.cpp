#include "sms/dlt_rules.hpp"

#include <algorithm>

namespace coupon {

bool is_sender_id(std::string_view sender, bool promotional) noexcept {
    return sender.size() == 6 && std::all_of(sender.begin(), sender.end(), [promotional](char c) {
               return promotional ? c >= '0' && c <= '9'
                                  : (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
           });
}

std::chrono::milliseconds until_promotional_hours(std::int64_t now_ms) noexcept {
    using std::chrono::milliseconds;
    // India has one zone and no summer time.
    constexpr milliseconds ahead_of_utc = std::chrono::minutes(5 * 60 + 30);
    constexpr milliseconds day = std::chrono::hours(24);
    constexpr milliseconds opens = std::chrono::hours(10), closes = std::chrono::hours(21);
    auto of_day = (milliseconds(now_ms) + ahead_of_utc) % day;
    if (of_day.count() < 0) {
        of_day += day;
    }
    if (of_day >= opens && of_day < closes) {
        return milliseconds(0);
    }
    return of_day < opens ? opens - of_day : day + opens - of_day;
}

}  // namespace coupon
