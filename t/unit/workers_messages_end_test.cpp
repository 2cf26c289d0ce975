#include <gtest/gtest.h>

#include "messages/message_end.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using Kind = SendOutcome::Kind;

Message message(int attempts = 0, int unknowns = 0, int throttled = 0) {
    Message one;
    one.job.id = "1";
    one.job.lease_token = "token";
    one.job.attempts = attempts;
    one.unknowns = unknowns;
    one.throttled = throttled;
    return one;
}

std::vector<std::string> statuses(const MessageEnd& end) {
    std::vector<std::string> all;
    for (const auto& event : end.events) {
        all.push_back(event.status);
    }
    return all;
}

using Statuses = std::vector<std::string>;

TEST(MessageEndsTest, SentIsAFactOnItsTimeline) {
    const auto end =
        MessageEnds(std::chrono::seconds(9)).of_call(message(), "p", {Kind::sent, "id-1", "", {}});
    EXPECT_TRUE(end.sent);
    EXPECT_EQ(end.status, "completed");
    EXPECT_EQ(end.delivery_status, "sent");
    ASSERT_EQ(statuses(end), Statuses{"sent"});
    EXPECT_EQ(end.events[0].provider_message_id, "id-1");
}

TEST(MessageEndsTest, UnknownWaitsOnceAndIsDeadTheSecondTime) {
    MessageEnds ends(std::chrono::seconds(9));
    const auto first = ends.of_call(message(), "p", {Kind::unknown, "", "reset", {}});
    EXPECT_EQ(first.status, "pending");
    EXPECT_EQ(first.delivery_status, "unknown");
    EXPECT_EQ(first.delay, std::chrono::seconds(9));
    EXPECT_EQ(first.unknowns, 1);
    EXPECT_EQ(first.attempts, 0);
    const auto second = ends.of_call(message(0, 1), "p", {Kind::unknown, "", "reset", {}});
    EXPECT_EQ(second.status, "failed");
    EXPECT_EQ(second.delivery_status, "unknown");
    EXPECT_EQ(statuses(second), (Statuses{"retried", "unknown"}));
}

TEST(MessageEndsTest, ARetryIsAnAttemptUntilTheLast) {
    MessageEnds ends(std::chrono::seconds(9));
    for (const auto kind : {Kind::retry, Kind::down}) {
        const auto end = ends.of_call(message(attempts_max - 2), "p", {kind, "", "busy", {}});
        EXPECT_EQ(end.status, "pending");
        EXPECT_EQ(end.attempts, 1);
        EXPECT_GE(end.delay, std::chrono::seconds(15));
        EXPECT_EQ(ends.of_call(message(attempts_max - 1), "p", {kind, "", "busy", {}}).status,
                  "failed");
    }
}

TEST(MessageEndsTest, ThrottledCostsAnAttemptOnlyBeyondABound) {
    MessageEnds ends(std::chrono::seconds(9));
    const SendOutcome throttled{Kind::throttled, "", "too many", std::chrono::seconds(60)};
    const auto end = ends.of_call(message(0, 0, 99), "p", throttled);
    EXPECT_EQ(end.attempts, 0);
    EXPECT_EQ(end.throttled, 1);
    EXPECT_GE(end.delay, std::chrono::seconds(60));
    EXPECT_EQ(ends.of_call(message(0, 0, 100), "p", throttled).attempts, 1);
    const auto unsaid = ends.of_call(message(), "p", {Kind::throttled, "", "too many", {}});
    EXPECT_GE(unsaid.delay, throttle_pause);
}

TEST(MessageEndsTest, ARefusalAfterAnUnknownCallLeavesItUnknown) {
    EXPECT_EQ(MessageEnds::dead(message(), "p", "no").delivery_status, "failed");
    EXPECT_EQ(MessageEnds::dead(message(0, 1), "p", "no").delivery_status, "unknown");
}

TEST(MessageEndsTest, NotSentAndLaterCostNothing) {
    const auto expired = MessageEnds::not_sent(message(), NotSent("expired", "too late"));
    EXPECT_EQ(expired.status, "completed");
    EXPECT_EQ(expired.delivery_status, "expired");
    EXPECT_EQ(statuses(expired), Statuses{"expired"});
    const auto later =
        MessageEnds::later(message(), SendLater(std::chrono::hours(3), "until 10:00"));
    EXPECT_EQ(later.status, "pending");
    EXPECT_EQ(later.attempts, 0);
    EXPECT_EQ(later.delay, std::chrono::hours(3));
    EXPECT_EQ(statuses(later), Statuses{"deferred"});
    EXPECT_TRUE(MessageEnds::given_back(message(), {}).events.empty());
}

TEST(MessageEndsTest, NotSentThisTimeLeavesAnUnknownCallUnknown) {
    const auto end = MessageEnds::not_sent(message(0, 1), NotSent("expired", "too late"));
    EXPECT_EQ(end.status, "completed");
    EXPECT_EQ(end.delivery_status, "unknown");
    EXPECT_EQ(end.outcome, "expired");
    EXPECT_EQ(statuses(end), Statuses{"expired"});
}

TEST(MessageEndsTest, ProvidersWordsBecomeStorable) {
    const auto end = MessageEnds::dead(message(), "p", std::string("bad\0\xff", 5));
    EXPECT_EQ(end.error, "bad\\x00\\xff");
}

}  // namespace
}  // namespace coupon
