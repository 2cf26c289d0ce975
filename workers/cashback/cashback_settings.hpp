// What the cashback role is told by the environment, apart from the networks' own settings.
#pragma once

#include <chrono>
#include <string>

#include "cashback/effects.hpp"

namespace coupon {

struct CashbackSettings {
    std::chrono::seconds every{6 * 3600};    // CASHBACK_EVERY: 90s, 30m, 6h, 1d
    std::string daily_at = "02:00";          // CASHBACK_DAILY_AT, in COUPON_TZ
    std::string time_zone = "Asia/Kolkata";  // COUPON_TZ, as PostgreSQL knows it
    std::chrono::hours overlap{30 * 24};     // CASHBACK_WINDOW_DAYS
    std::chrono::hours reversals{90 * 24};   // CASHBACK_REVERSAL_DAYS
    int unmatched_alert = 20;                // UNMATCHED_ALERT, percent of a day's transactions
    EffectSettings effects;                  // without credit_on, which the networks tell
};

// Throws ConfigError.
CashbackSettings configured_cashback();

}  // namespace coupon
