// How far a payment is. States only go forward, so that whatever the order of its events, a payment
// ends in the same one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace coupon {

// In the order in which one replaces the other: a failed attempt may still be authorized late, and
// an authorization is not undone by another attempt's failure.
enum class PaymentState : std::uint8_t {
    created,
    pending,
    failed,
    authorized,
    success,
    refunded,
};

// As payments.status has it.
std::string_view payment_state_name(PaymentState state) noexcept;
std::optional<PaymentState> parse_payment_state(std::string_view name) noexcept;

// As orders.payment_status has it.
std::string_view order_payment_status(PaymentState state) noexcept;
// created for a word that is none of ours: everything may replace it.
PaymentState parse_order_payment_status(std::string_view name) noexcept;

constexpr bool moves_forward(PaymentState from, PaymentState to) noexcept {
    return to > from;
}

}  // namespace coupon
