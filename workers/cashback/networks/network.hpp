// An affiliate network as the runs see it: pages of transactions that changed within a window.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

enum class NetworkState : std::uint8_t { pending, confirmed, payable, paid, rejected };

// "pending", …, as in affiliate_transactions.state.
std::string_view state_word(NetworkState state) noexcept;
std::optional<NetworkState> parse_network_state(std::string_view word) noexcept;

struct NetworkTransaction {
    std::string id;     // the network's; never empty unless there is a problem
    std::string subid;  // our click id, or a front end's, as the network hands it back
    std::string order_ref, merchant_ref;
    std::string status;  // the network's word
    NetworkState state = NetworkState::pending;
    bool state_known = true;  // false: a word nobody told us of; counts as pending, and alerts
    std::optional<std::string> commission,
        sale;              // exact decimals of `currency`, at most hundredths
    std::string currency;  // three capital letters
    std::optional<std::int64_t> occurred_ms, updated_ms;  // Unix time
    std::string raw;      // the record as JSON that PostgreSQL takes
    std::string problem;  // not empty: it cannot be used, and why
};

struct NetworkPage {
    std::vector<NetworkTransaction> transactions;
    std::optional<std::string> next;    // where the next page begins; nothing: this was the last
    std::optional<std::int64_t> total;  // how many the network says there are, where it does
};

struct NetworkWindow {
    std::int64_t from_ms, to_ms;  // Unix time
};

class AffiliateNetwork {
  public:
    virtual ~AffiliateNetwork() = default;

    [[nodiscard]] virtual const std::string& name() const = 0;  // admitad, vcommission, cuelinks
    // What a transaction must have reached before it is credited: confirmed, payable or paid.
    [[nodiscard]] virtual NetworkState credit_on() const = 0;

    // One page; `place` is empty for the first, else what the page before said. Throws RetryLater
    // (rate limit, 5xx, no answer; with the time where the network tells) and PermanentFailure (our
    // credentials or our call are wrong), with a text that holds no secret.
    virtual NetworkPage fetch(const NetworkWindow& window, const std::string& place) = 0;

    // The transactions that a postback names, by the network's id; for networks that cannot be
    // asked for one: nothing, and the caller fetches a window.
    virtual std::optional<NetworkPage> fetch_one(const std::string& transaction_id) = 0;
};

}  // namespace coupon
