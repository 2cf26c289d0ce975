// One e-mail or SMS as its row of email_queue or sms_queue says it, and what became of an attempt
// to send it.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "runtime/job_table.hpp"

namespace coupon {

struct Message {
    Job job;  // attempts: earlier ones that certainly did not arrive
    std::string type, to;
    nlohmann::json data;
    std::string delivery_status;  // empty: never sent
    std::string provider;         // that had it last; empty: none
    int unknowns = 0;             // earlier ones that may have arrived
    int throttled = 0;            // how often a provider asked to wait
    std::int64_t created_ms = 0;  // Unix time
};

struct SendOutcome {
    enum class Kind {
        sent,       // the provider has it
        retry,      // it certainly has not, and may take it later
        throttled,  // likewise: it asks everybody to wait `after`
        down,       // likewise: the provider does not work; counts for its circuit breaker
        permanent,  // it will never take it
        unknown,    // it may have it
        not_found,  // answer to an inquiry only: it has no such message
    } kind = Kind::retry;
    std::string provider_message_id;
    std::string reason;  // one sentence without secrets or what the message says
    std::optional<std::chrono::milliseconds> after;
};

// How long a throttling provider is left alone where it does not say so itself.
inline constexpr std::chrono::seconds throttle_pause{30};

// Thrown by MessageChannel::prepare() beside PermanentFailure: the message is done without being
// sent, and is no dead letter. `status`: suppressed or expired.
class NotSent : public std::runtime_error {
  public:
    NotSent(std::string status, const std::string& why)
        : std::runtime_error(why), status_(std::move(status)) {}
    [[nodiscard]] const std::string& status() const noexcept { return status_; }

  private:
    std::string status_;
};

// Thrown by MessageChannel::prepare(): not now, and no attempt was made. For promotional hours.
class SendLater : public std::runtime_error {
  public:
    SendLater(std::chrono::milliseconds after, const std::string& why)
        : std::runtime_error(why), after_(after) {}
    [[nodiscard]] std::chrono::milliseconds after() const noexcept { return after_; }

  private:
    std::chrono::milliseconds after_;
};

}  // namespace coupon
