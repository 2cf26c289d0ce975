// The mails that the shop sends, by the type of their rows.
#pragma once

#include <array>
#include <string_view>

namespace coupon {

struct MailType {
    std::string_view name;
    // Sent to those as well who unsubscribed: what a person asked for just now, and news of their
    // own money and orders.
    bool critical;
};

inline constexpr std::array<MailType, 9> mail_types{{{"welcome", true},
                                                     {"otp", true},
                                                     {"order_confirmation", true},
                                                     {"order_failed", true},
                                                     {"cashback_credited", true},
                                                     {"cashback_pending", false},
                                                     {"withdrawal_processed", true},
                                                     {"password_reset", true},
                                                     {"alert", true}}};

// False for a type of the operator's own.
constexpr bool is_critical(std::string_view type) noexcept {
    for (const auto& known : mail_types) {
        if (known.name == type) {
            return known.critical;
        }
    }
    return false;
}

}  // namespace coupon
