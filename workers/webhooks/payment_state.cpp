#include "webhooks/payment_state.hpp"

#include <array>

namespace coupon {
namespace {

struct Names {
    PaymentState state;
    std::string_view payment, order;
};

constexpr std::array<Names, 6> all_names{{
    {PaymentState::created, "created", "pending"},
    {PaymentState::pending, "pending", "pending"},
    {PaymentState::failed, "failed", "failed"},
    {PaymentState::authorized, "authorized", "authorized"},
    {PaymentState::success, "success", "completed"},
    {PaymentState::refunded, "refunded", "refunded"},
}};

const Names& names_of(PaymentState state) noexcept {
    return all_names[static_cast<std::size_t>(state)];
}

}  // namespace

std::string_view payment_state_name(PaymentState state) noexcept {
    return names_of(state).payment;
}

std::optional<PaymentState> parse_payment_state(std::string_view name) noexcept {
    for (const auto& names : all_names) {
        if (names.payment == name) {
            return names.state;
        }
    }
    return std::nullopt;
}

std::string_view order_payment_status(PaymentState state) noexcept {
    return names_of(state).order;
}

PaymentState parse_order_payment_status(std::string_view name) noexcept {
    for (const auto& names : all_names) {
        if (names.state != PaymentState::created && names.order == name) {
            return names.state;
        }
    }
    return PaymentState::created;
}

}  // namespace coupon
