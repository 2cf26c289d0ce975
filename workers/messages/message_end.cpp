#include "messages/message_end.hpp"

#include <algorithm>

#include "runtime/retry_policy.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

// So often a provider's "too many" costs a message nothing: some minutes of each day of a quota,
// yet not for ever where it is the message itself that is always refused.
constexpr int throttled_max = 100;
constexpr std::size_t reason_bytes_max = 1000;

std::string storable_reason(const std::string& reason) {
    return storable_text(reason, reason_bytes_max);
}

MessageEnd end_of(const Message& message, const char* status, const char* outcome) {
    MessageEnd end;
    end.id = message.job.id;
    end.lease_token = message.job.lease_token;
    end.status = status;
    end.outcome = outcome;
    return end;
}

void add_event(MessageEnd& end, const std::string& status, const std::string& reason) {
    end.events.push_back({status, end.provider, end.provider_message_id, storable_reason(reason)});
}

// What happened to a held message before its second call ended.
void add_resending(MessageEnd& end, const Message& message) {
    if (message.unknowns > 0) {
        end.events.insert(end.events.begin(),
                          {"retried", end.provider, "", "no report came in time: sent once more"});
    }
}

}  // namespace

bool is_reported(const Message& message) {
    return !message.delivery_status.empty() && message.delivery_status != "unknown";
}

MessageEnd MessageEnds::found(const Message& message, const std::string& provider,
                              const SendOutcome& outcome) {
    auto end = end_of(message, "completed", "sent");
    end.sent = true;
    end.delivery_status = "sent";
    end.provider = provider;
    end.provider_message_id = storable_text(outcome.provider_message_id, reason_bytes_max);
    add_event(end, "sent", outcome.reason);
    return end;
}

MessageEnd MessageEnds::of_call(const Message& message, const std::string& provider,
                                const SendOutcome& outcome) {
    switch (outcome.kind) {
        case SendOutcome::Kind::sent: {
            auto end = found(message, provider, outcome);
            add_resending(end, message);
            return end;
        }
        case SendOutcome::Kind::throttled:
            return throttled(message, provider, outcome);
        case SendOutcome::Kind::permanent:
            return dead(message, provider, outcome.reason);
        case SendOutcome::Kind::unknown:
            return unknown(message, provider, outcome.reason);
        case SendOutcome::Kind::down: {
            auto end = retried(message, provider, outcome.reason);
            end.outcome = end.status == "pending" ? "down" : end.outcome;
            return end;
        }
        case SendOutcome::Kind::retry:
        case SendOutcome::Kind::not_found:
            break;
    }
    return retried(message, provider, outcome.reason);
}

MessageEnd MessageEnds::unknown(const Message& message, const std::string& provider,
                                const std::string& reason) const {
    const bool again = message.unknowns > 0;
    auto end = end_of(message, again ? "failed" : "pending", "unknown");
    end.delivery_status = "unknown";
    end.unknowns = 1;
    end.delay = unknown_wait_;
    end.provider = provider;
    end.error = storable_reason(again ? "sent twice and nobody knows whether it arrived: " + reason
                                      : "nobody knows whether it arrived: " + reason);
    add_event(end, "unknown", reason);
    if (!provider.empty()) {
        add_resending(end, message);
    }
    return end;
}

MessageEnd MessageEnds::retried(const Message& message, const std::string& provider,
                                const std::string& reason) {
    const int failed = message.job.attempts + 1;
    if (failed >= attempts_max) {
        return dead(message, provider, reason);
    }
    auto end = end_of(message, "pending", "retried");
    end.attempts = 1;
    end.delay = retry_delay(failed, random_);
    end.provider = provider;
    end.error = storable_reason(reason);
    add_event(end, "retried", reason);
    return end;
}

MessageEnd MessageEnds::dead(const Message& message, const std::string& provider,
                             const std::string& reason) {
    auto end = end_of(message, "failed", "failed");
    // That it was refused now says nothing about a call before that nobody answered.
    end.delivery_status = message.unknowns > 0 ? "unknown" : "failed";
    end.attempts = 1;
    end.provider = provider;
    end.error = storable_reason(reason);
    add_event(end, "failed", reason);
    return end;
}

MessageEnd MessageEnds::throttled(const Message& message, const std::string& provider,
                                  const SendOutcome& outcome) {
    if (message.throttled >= throttled_max) {
        return retried(message, provider, outcome.reason);
    }
    auto end = end_of(message, "pending", "throttled");
    end.throttled = 1;
    // Behind those that wait as well, so that one that is always refused holds up no other.
    std::uniform_int_distribution<int> jitter_ms(0, 5'000);
    end.delay =
        outcome.after.value_or(throttle_pause) + std::chrono::milliseconds(jitter_ms(random_));
    end.provider = provider;
    end.error = storable_reason(outcome.reason);
    add_event(end, "retried", outcome.reason);
    return end;
}

MessageEnd MessageEnds::not_sent(const Message& message, const NotSent& why) {
    auto end = end_of(message, "completed", "");
    end.outcome = why.status();
    // That it is not sent again says nothing about a call before that nobody answered.
    end.delivery_status = message.unknowns > 0 ? "unknown" : why.status();
    end.error = storable_reason(why.what());
    add_event(end, why.status(), why.what());
    return end;
}

MessageEnd MessageEnds::later(const Message& message, const SendLater& why) {
    auto end = end_of(message, "pending", "later");
    end.delay = why.after();
    end.error = storable_reason(why.what());
    add_event(end, "deferred", why.what());
    return end;
}

MessageEnd MessageEnds::given_back(const Message& message, std::chrono::milliseconds delay) {
    auto end = end_of(message, "pending", "given_back");
    end.delay = std::max(delay, std::chrono::milliseconds(0));
    return end;
}

MessageEnd MessageEnds::reported(const Message& message) {
    return end_of(message, "completed", "reported");
}

}  // namespace coupon
