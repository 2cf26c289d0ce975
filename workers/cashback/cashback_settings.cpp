#include "cashback/cashback_settings.hpp"

#include <algorithm>
#include <charconv>

#include "core/click_id.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/number_setting.hpp"

namespace coupon {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

bool parse_whole(std::string_view text, int& number) {
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && stopped == end;
}

seconds configured_every(seconds by_default) {
    const auto text = environment_value("CASHBACK_EVERY");
    if (!text) {
        return by_default;
    }
    const std::string_view units = "smhd";
    constexpr int in_seconds[] = {1, 60, 3600, 86'400};
    const auto unit = units.find(text->back());
    int number = 0;
    if (unit == std::string_view::npos ||
        !parse_whole(std::string_view(*text).substr(0, text->size() - 1), number) || number < 1 ||
        number > 100'000) {
        throw ConfigError("CASHBACK_EVERY is none of 90s, 30m, 6h, 1d and their like");
    }
    return seconds(static_cast<long long>(number) * in_seconds[unit]);
}

std::string configured_daily_at(const std::string& by_default) {
    const auto text = environment_value("CASHBACK_DAILY_AT").value_or(by_default);
    int hour = 0;
    int minute = 0;
    if (text.size() != 5 || text[2] != ':' || !parse_whole(text.substr(0, 2), hour) ||
        !parse_whole(text.substr(3), minute) || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59) {
        throw ConfigError("CASHBACK_DAILY_AT is no time of day like 02:00");
    }
    return text;
}

// Several keys, by comma or line, as the edge takes them: ids of all of them are ours.
std::vector<SipKey> configured_click_keys() {
    std::vector<SipKey> keys;
    const auto text = environment_value("COUPON_CLICK_KEY").value_or("");
    std::size_t from = 0;
    while (from < text.size()) {
        const auto end = std::min(text.find_first_of(",\r\n", from), text.size());
        auto word = std::string_view(text).substr(from, end - from);
        from = end + 1;
        word.remove_prefix(std::min(word.find_first_not_of(" \t"), word.size()));
        word = word.substr(0, word.find_last_not_of(" \t") + 1);
        if (word.empty()) {
            continue;
        }
        const auto key = parse_click_key(word);
        if (!key) {
            throw ConfigError("COUPON_CLICK_KEY: a key is 32 hexadecimal digits");
        }
        keys.push_back(*key);
    }
    return keys;
}

std::string configured_currency(const std::string& by_default) {
    const auto currency = environment_value("CASHBACK_CURRENCY").value_or(by_default);
    if (currency.size() != 3 || !std::all_of(currency.begin(), currency.end(),
                                             [](char c) { return c >= 'A' && c <= 'Z'; })) {
        throw ConfigError("CASHBACK_CURRENCY is no currency of three capital letters");
    }
    return currency;
}

}  // namespace

CashbackSettings configured_cashback() {
    CashbackSettings settings;
    settings.every = configured_every(settings.every);
    settings.daily_at = configured_daily_at(settings.daily_at);
    settings.time_zone = environment_value("COUPON_TZ").value_or(settings.time_zone);
    settings.overlap = hours(24 * number_setting("CASHBACK_WINDOW_DAYS", 30, 1, 3650));
    settings.reversals = hours(24 * number_setting("CASHBACK_REVERSAL_DAYS", 90, 1, 3650));
    settings.unmatched_alert = number_setting("UNMATCHED_ALERT", 20, 0, 100);
    settings.effects.click_keys = configured_click_keys();
    settings.effects.attribution_days = number_setting("ATTRIBUTION_DAYS", 30, 1, 3650);
    settings.effects.currency = configured_currency(settings.effects.currency);
    return settings;
}

}  // namespace coupon
