// What an attempt to send a message leaves in its row and on its timeline. Decided here, without
// PostgreSQL; written by MessageTable.
#pragma once

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "messages/message.hpp"

namespace coupon {

struct MessageEvent {
    std::string status, provider, provider_message_id, reason;
};

struct MessageEnd {
    using Clock = std::chrono::steady_clock;

    std::string id, lease_token;
    std::string status;           // pending, completed, failed
    std::string delivery_status;  // empty: as it is
    bool sent = false;            // a provider has it: a fact, whoever holds the lease by now
    int attempts = 0, unknowns = 0, throttled = 0;  // added to the row's
    std::chrono::milliseconds delay{0};             // where pending: until it is due again
    std::string error;                              // empty: as it is
    std::string provider, provider_message_id;      // likewise
    std::vector<MessageEvent> events;
    std::string outcome;  // for counters: sent, retried, throttled, down, failed, unknown, …
    Clock::time_point at = Clock::now();
};

// A report of the provider's came before the sender's own word: it stands, and nothing is sent.
bool is_reported(const Message& message);

// The ends there are. Each but given_back() puts one thing on the timeline; reasons are made
// storable.
class MessageEnds {
  public:
    // How long a message whose outcome is unknown waits for the provider's report.
    explicit MessageEnds(std::chrono::seconds unknown_wait) : unknown_wait_(unknown_wait) {}

    // Of a call to `provider`; `outcome` is no not_found.
    MessageEnd of_call(const Message& message, const std::string& provider,
                       const SendOutcome& outcome);
    // An inquiry found that the provider has it.
    [[nodiscard]] static MessageEnd found(const Message& message, const std::string& provider,
                                          const SendOutcome& outcome);
    // It may have been sent: waits the first time, is a dead letter the second time.
    MessageEnd unknown(const Message& message, const std::string& provider,
                       const std::string& reason) const;
    // It certainly was not sent: pending with an attempt more, in the end a dead letter.
    MessageEnd retried(const Message& message, const std::string& provider,
                       const std::string& reason);
    [[nodiscard]] static MessageEnd dead(const Message& message, const std::string& provider,
                                         const std::string& reason);
    [[nodiscard]] static MessageEnd not_sent(const Message& message, const NotSent& why);
    [[nodiscard]] static MessageEnd later(const Message& message, const SendLater& why);
    // As if it had never been taken.
    [[nodiscard]] static MessageEnd given_back(const Message& message,
                                               std::chrono::milliseconds delay);
    // is_reported(): its row is completed as it stands.
    [[nodiscard]] static MessageEnd reported(const Message& message);

  private:
    MessageEnd throttled(const Message& message, const std::string& provider,
                         const SendOutcome& outcome);

    const std::chrono::seconds unknown_wait_;
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace coupon
