// What e-mail and SMS are to the sender: how a message becomes a provider's call, and what its
// answer means. Used by one thread.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/gcra.hpp"
#include "messages/message.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/transfers.hpp"

namespace coupon {

struct MessageProvider {
    std::string name;  // in lower case, as in the tables, metrics and <NAME>_RATE
    std::optional<RateLimit> rate;
    int in_flight_max = std::numeric_limits<int>::max();  // of one process
};

class MessageChannel {
  public:
    virtual ~MessageChannel() = default;

    // email or sms; the table is <queue>_queue, the list queue:<queue>.
    [[nodiscard]] virtual const std::string& queue() const = 0;
    // In the order of preference; the sender names them by their place. At least one.
    [[nodiscard]] virtual const std::vector<MessageProvider>& providers() const = 0;

    // What the whole batch needs from PostgreSQL, in one statement: suppressions. Throws PgError.
    virtual void look_up(PgConnection& pg, const std::vector<Message>& messages) = 0;
    // The providers that may carry it, in the order of preference; the sender takes the first whose
    // breaker is closed. Empty: none is configured for it, a permanent failure.
    [[nodiscard]] virtual std::vector<std::size_t> candidates(const Message& message) const = 0;
    // The call that sends it. Throws PermanentFailure, NotSent, SendLater.
    [[nodiscard]] virtual Transfer prepare(const Message& message, std::size_t provider) = 0;
    [[nodiscard]] virtual SendOutcome outcome(std::size_t provider,
                                              const HttpAnswer& answer) const = 0;

    // Before a message is sent again whose last outcome was unknown: a call that asks its provider
    // whether it has it, where that can be asked; and what the answer means: sent, not_found, or
    // retry (ask again later).
    [[nodiscard]] virtual std::optional<Transfer> inquiry(const Message&, std::size_t) {
        return std::nullopt;
    }
    [[nodiscard]] virtual SendOutcome inquired(const Message&, std::size_t,
                                               const HttpAnswer&) const {
        return {};
    }
};

}  // namespace coupon
