#include "cashback/credit_plan.hpp"

#include <algorithm>

namespace coupon {
namespace {

bool is_open(EventStatus status) {
    return status == EventStatus::pending || status == EventStatus::confirmed;
}

EventFacts facts_of(const TransactionRow& row, const Desired& desired,
                    const std::string& currency) {
    EventFacts facts;
    facts.user_id = row.user_id.value_or(0);
    facts.click_id = row.click_id;
    facts.cashback = desired.cashback;
    facts.commission = desired.is_known ? desired.commission : row.commission.value_or(0);
    facts.sale = desired.is_known ? desired.sale : row.sale;
    facts.currency = desired.is_known || row.currency.empty() ? currency : row.currency;
    facts.share_ms = desired.share_ms;
    return facts;
}

bool is_same_owner(const EventFacts& one, const EventFacts& other) {
    return one.user_id == other.user_id && one.click_id == other.click_id;
}

// Paid for the same click, sale, commission and time: a rule that was changed since does not reach
// back.
bool is_what_was_paid(EventFacts paid, const EventFacts& now) {
    paid.cashback = now.cashback;
    if (!paid.share_ms) {
        paid.share_ms = now.share_ms;  // paid when the time was not written down
    }
    return paid == now;
}

}  // namespace

bool has_reached(NetworkState state, NetworkState wanted) noexcept {
    return state != NetworkState::rejected && state >= wanted;
}

CreditPlan plan_credit(const TransactionRow& row, const Desired& desired, NetworkState credit_on,
                       const std::string& currency) {
    const auto facts = facts_of(row, desired, currency);
    const bool is_alive = row.is_matched() && row.state != NetworkState::rejected;
    bool is_due = is_alive && desired.is_known && has_reached(row.state, credit_on);
    CreditPlan plan;
    plan.reason = row.is_matched() ? desired.reason : row.unmatched;

    // What is over for the event so far.
    const auto* event = row.event ? &*row.event : nullptr;
    bool is_continued = event != nullptr && is_open(event->status);
    if (event != nullptr && event->status == EventStatus::paid) {
        if (is_due && is_what_was_paid(event->facts, facts)) {
            return plan;
        }
        plan.reverse = true;
    } else if (is_continued && (!is_alive || !is_same_owner(event->facts, facts))) {
        plan.change = EventChange{EventStatus::rejected, event->facts};
        is_continued = false;
    }
    if (!is_alive) {
        // One that was rejected before it was ever seen is shown to its user all the same.
        if (row.is_matched() && event == nullptr && !row.state_before) {
            plan.open = EventChange{EventStatus::rejected, facts};
        }
        return plan;
    }

    // What it ought to be, of this generation or the next.
    plan.waits = !desired.is_known || !desired.has_rule;
    is_due = is_due && !plan.waits;
    auto status = EventStatus::pending;
    if (is_due) {
        plan.credit = facts.cashback > 0;
        status = plan.credit ? EventStatus::confirmed : EventStatus::rejected;
    } else if (!plan.waits && has_reached(row.state, NetworkState::confirmed)) {
        status = EventStatus::confirmed;
    }
    if (is_continued) {
        status = std::max(status, event->status);
        if (status != event->status || facts != event->facts) {
            plan.change = EventChange{status, facts};
        }
    } else if (event == nullptr || status != EventStatus::rejected) {
        plan.open = EventChange{status, facts};
    }
    plan.tell = plan.credit && !(plan.reverse && facts.user_id == event->facts.user_id &&
                                 facts.cashback == event->facts.cashback);
    return plan;
}

}  // namespace coupon
