// Payments go forward only, and end alike whatever the order of their events.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "webhooks/payment_state.hpp"

namespace coupon {
namespace {

using enum PaymentState;

TEST(PaymentStateTest, GoesForwardOnly) {
    EXPECT_TRUE(moves_forward(created, failed));
    EXPECT_TRUE(moves_forward(failed, authorized));
    EXPECT_TRUE(moves_forward(failed, success));
    EXPECT_TRUE(moves_forward(success, refunded));
    EXPECT_FALSE(moves_forward(success, failed));
    EXPECT_FALSE(moves_forward(success, success));
    EXPECT_FALSE(moves_forward(refunded, success));
    EXPECT_FALSE(moves_forward(authorized, failed));
}

TEST(PaymentStateTest, EndsAlikeInAnyOrder) {
    std::vector<PaymentState> events{pending, failed, authorized, success, refunded};
    do {
        auto state = created;
        for (const auto event : events) {
            state = moves_forward(state, event) ? event : state;
        }
        EXPECT_EQ(state, refunded);
    } while (std::next_permutation(events.begin(), events.end()));
}

TEST(PaymentStateTest, HasTheNamesOfBothTables) {
    for (const auto state : {created, pending, failed, authorized, success, refunded}) {
        EXPECT_EQ(parse_payment_state(payment_state_name(state)), state);
    }
    EXPECT_EQ(order_payment_status(success), "completed");
    EXPECT_EQ(parse_order_payment_status("completed"), success);
    EXPECT_EQ(parse_order_payment_status("pending"), pending);
    EXPECT_EQ(parse_order_payment_status("partial"), created);
    EXPECT_EQ(parse_payment_state("captured"), std::nullopt);
}

}  // namespace
}  // namespace coupon
