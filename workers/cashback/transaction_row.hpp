// A transaction while its effect is worked out: what the network says, whose it is, what was
// credited.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cashback/networks/network.hpp"

namespace coupon {

enum class EventStatus : std::uint8_t { pending, confirmed, paid, rejected, reversed };

// As in cashback_events.status.
constexpr const char* event_word(EventStatus status) noexcept {
    constexpr const char* words[] = {"pending", "confirmed", "paid", "rejected", "reversed"};
    return words[static_cast<std::size_t>(status)];
}

// What one generation of a cashback says. Amounts are hundredths of `currency`.
struct EventFacts {
    std::int64_t user_id = 0;
    std::string click_id;
    std::int64_t cashback = 0, commission = 0;
    std::optional<std::int64_t> sale;
    std::string currency;
    std::optional<std::int64_t> share_ms;  // the time whose rule and rate the amounts are by

    friend bool operator==(const EventFacts&, const EventFacts&) = default;
};

// The newest row of cashback_events of a transaction.
struct CashbackEvent {
    std::int64_t id = 0, generation = 0;
    EventStatus status = EventStatus::pending;
    EventFacts facts;
};

struct TransactionRow {
    // --- what the network says last; amounts in hundredths of `currency`
    std::int64_t id = 0;
    std::string network, transaction_id, subid, order_ref, status, currency;
    NetworkState state = NetworkState::pending;
    std::optional<std::int64_t> commission, sale, occurred_ms;
    bool is_readable = true;  // false: the record is put aside, as it was stored

    // --- what its last effect knew
    std::optional<NetworkState> state_before;  // nothing: it has had none
    std::string unmatched_before;
    std::string matched_subid;  // what the owner was found by
    std::optional<CashbackEvent> event;

    // --- whose it is; user_id is set where it is a user's, and only there
    std::string click_id;
    std::optional<std::int64_t> clicked_ms, user_id, offer_id, merchant_id, category_id;
    std::string unmatched;                     // why nothing is credited for it; empty: matched
    std::optional<std::int64_t> duplicate_of;  // another report of the same order, which stays

    std::string problem;  // why it could not have its effect

    [[nodiscard]] bool is_matched() const { return user_id && unmatched.empty(); }
};

using TransactionRows = std::vector<TransactionRow>;

}  // namespace coupon
