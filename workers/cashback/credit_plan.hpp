// From what a cashback was so far and what it ought to be, the steps between. Pure.
#pragma once

#include <optional>
#include <string>

#include "cashback/desired.hpp"
#include "cashback/transaction_row.hpp"

namespace coupon {

// A status to be written, with the facts as they are now.
struct EventChange {
    EventStatus status = EventStatus::pending;
    EventFacts facts;
};

// In this order; most transactions need one step or none.
struct CreditPlan {
    bool reverse = false;               // what is paid is taken back
    std::optional<EventChange> change;  // of the open event
    std::optional<EventChange> open;    // the next generation
    bool credit = false;                // the open event, which may be the one just opened
    bool tell = false;                  // the user hears of the credit
    bool waits = false;                 // for the shop, which keeps no rate or rule for it
    std::string reason;                 // why not more, for the record
};

// True when the network has said it, and has not taken it back.
bool has_reached(NetworkState state, NetworkState wanted) noexcept;

CreditPlan plan_credit(const TransactionRow& row, const Desired& desired, NetworkState credit_on,
                       const std::string& currency);

}  // namespace coupon
