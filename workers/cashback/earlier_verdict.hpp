// Whether cashback that was given before the ledger was there was given for a transaction. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cashback/transaction_row.hpp"

namespace coupon {

// An event of the shop's old back end, of the transaction's click, or of its user and merchant.
struct EarlierEvent {
    std::int64_t id = 0;
    bool is_paid = false;   // by its own word, or by the user's statement
    bool is_named = false;  // by this very transaction's id, and of its click
    bool is_of_click = false;
    std::string name;                  // what it calls its transaction: a network's id, or an order
    std::string order_ref;             // of the order it was for, where that is known
    std::string network;               // whose report it was for, where that is known
    std::optional<std::int64_t> sale;  // hundredths of `currency`
    std::string currency;
    std::optional<std::int64_t> occurred_ms;  // of the report it was for, where that is stored
    std::optional<std::int64_t> created_ms;
};

enum class EarlierVerdict : std::uint8_t {
    another,  // it was for something else
    maybe,    // it looks like the same order, and nothing says that it is not
    same
};

// An order reference decides where both have one. Else reports of one network are of different
// orders, and a purchase that came after the event is another one. Of what is left, the same click
// is enough for a suspicion unless the sales are known to differ; without it they have to agree,
// and to be close in time.
EarlierVerdict judge_earlier(const TransactionRow& row, const EarlierEvent& event);

}  // namespace coupon
