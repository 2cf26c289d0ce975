#include <gtest/gtest.h>

#include "cashback/credit_plan.hpp"

namespace coupon {
namespace {

TransactionRow row_in(NetworkState state) {
    TransactionRow row;
    row.user_id = 7;
    row.click_id = "click";
    row.state = state;
    row.currency = "INR";
    return row;
}

Desired desired(std::int64_t cashback) {
    return {true, true, cashback, 10'000, 100'000, 50'000, cashback == 0 ? "nothing to share" : "",
            ""};
}

TransactionRow with_event(TransactionRow row, EventStatus status, std::int64_t cashback = 2'500) {
    row.state_before = NetworkState::pending;
    row.event = CashbackEvent{5, 1, status, {7, "click", cashback, 10'000, 100'000, "INR", 50'000}};
    return row;
}

// < reversal, > the open event becomes, * a new one is, + credit, ! news.
std::string steps(const TransactionRow& row, const Desired& wanted) {
    const auto plan = plan_credit(row, wanted, NetworkState::payable, "INR");
    std::string text = plan.reverse ? "<" : "";
    if (plan.change) {
        text += std::string(">") + event_word(plan.change->status);
    }
    if (plan.open) {
        text += std::string("*") + event_word(plan.open->status);
    }
    return text + (plan.credit ? "+" : "") + (plan.tell ? "!" : "");
}

TEST(CreditPlanTest, FirstSight) {
    EXPECT_EQ(steps(row_in(NetworkState::pending), desired(2'500)), "*pending");
    EXPECT_EQ(steps(row_in(NetworkState::confirmed), desired(2'500)), "*confirmed");
    EXPECT_EQ(steps(row_in(NetworkState::payable), desired(2'500)), "*confirmed+!");
    EXPECT_EQ(steps(row_in(NetworkState::rejected), desired(2'500)), "*rejected");
    EXPECT_EQ(steps(row_in(NetworkState::paid), desired(0)), "*rejected");
    EXPECT_EQ(steps(row_in(NetworkState::paid), Desired{}), "*pending");
    auto ruleless = desired(0);
    ruleless.has_rule = false;
    EXPECT_EQ(steps(row_in(NetworkState::paid), ruleless), "*pending");
    auto nobodys = row_in(NetworkState::paid);
    nobodys.user_id.reset();
    nobodys.unmatched = "there is no such click";
    EXPECT_EQ(steps(nobodys, Desired{}), "");
}

TEST(CreditPlanTest, OpenEventsOnlyMoveForward) {
    const auto open = [](NetworkState state, EventStatus status) {
        return with_event(row_in(state), status);
    };
    EXPECT_EQ(steps(open(NetworkState::pending, EventStatus::pending), desired(2'500)), "");
    EXPECT_EQ(steps(open(NetworkState::pending, EventStatus::confirmed), desired(2'500)), "");
    EXPECT_EQ(steps(open(NetworkState::pending, EventStatus::confirmed), desired(2'000)),
              ">confirmed");
    EXPECT_EQ(steps(open(NetworkState::confirmed, EventStatus::pending), desired(2'500)),
              ">confirmed");
    EXPECT_EQ(steps(open(NetworkState::paid, EventStatus::confirmed), desired(2'500)), "+!");
    EXPECT_EQ(steps(open(NetworkState::paid, EventStatus::pending), desired(0)), ">rejected");
    EXPECT_EQ(steps(open(NetworkState::rejected, EventStatus::confirmed), desired(2'500)),
              ">rejected");
}

TEST(CreditPlanTest, AnotherOwnerIsAnotherGeneration) {
    auto row = with_event(row_in(NetworkState::pending), EventStatus::pending);
    row.user_id = 8;
    EXPECT_EQ(steps(row, desired(2'500)), ">rejected*pending");
    row = with_event(row_in(NetworkState::paid), EventStatus::paid);
    row.user_id = 8;
    EXPECT_EQ(steps(row, desired(2'500)), "<*confirmed+!");
}

TEST(CreditPlanTest, PaidStaysOrIsTakenBack) {
    const auto paid = [](NetworkState state) {
        return with_event(row_in(state), EventStatus::paid);
    };
    EXPECT_EQ(steps(paid(NetworkState::paid), desired(2'500)), "");
    EXPECT_EQ(steps(paid(NetworkState::paid), desired(1'000)), "") << "a rule was edited";
    EXPECT_EQ(steps(paid(NetworkState::rejected), desired(2'500)), "<");
    EXPECT_EQ(steps(paid(NetworkState::pending), desired(2'500)), "<*pending");
    EXPECT_EQ(steps(paid(NetworkState::confirmed), desired(2'500)), "<*confirmed");
    auto changed = desired(2'600);
    changed.sale = 104'000;
    EXPECT_EQ(steps(paid(NetworkState::paid), changed), "<*confirmed+!");
    changed = desired(2'500);
    changed.commission = 9'000;
    EXPECT_EQ(steps(paid(NetworkState::paid), changed), "<*confirmed+");
    changed = desired(2'500);
    changed.share_ms = 60'000;
    EXPECT_EQ(steps(paid(NetworkState::paid), changed), "<*confirmed+");
    auto ruleless = desired(0);
    ruleless.has_rule = false;
    EXPECT_EQ(steps(paid(NetworkState::paid), ruleless), "") << "a rule was removed";
    auto duplicate = paid(NetworkState::paid);
    duplicate.unmatched = "order 1 is reported by another already";
    EXPECT_EQ(steps(duplicate, Desired{}), "<");
}

TEST(CreditPlanTest, WhatIsOverBeginsAnew) {
    for (const auto over : {EventStatus::rejected, EventStatus::reversed}) {
        const auto closed = [over](NetworkState state) { return with_event(row_in(state), over); };
        EXPECT_EQ(steps(closed(NetworkState::rejected), desired(2'500)), "");
        EXPECT_EQ(steps(closed(NetworkState::pending), desired(2'500)), "*pending");
        EXPECT_EQ(steps(closed(NetworkState::payable), desired(2'500)), "*confirmed+!");
        EXPECT_EQ(steps(closed(NetworkState::payable), desired(0)), "");
    }
}

}  // namespace
}  // namespace coupon
