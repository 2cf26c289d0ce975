#include "messages/message_flights.hpp"

#include <algorithm>
#include <iterator>

#include "runtime/clock.hpp"
#include "runtime/correlation.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using std::chrono::milliseconds;

// A call begins only while so much of the lease is left: it ends, one way or the other, before
// another worker may take the message.
constexpr std::chrono::seconds lease_left_least{40};
constexpr milliseconds short_delay_least{500};

}  // namespace

MessageFlights::MessageFlights(MessageChannel& channel, Providers& providers, MessageEnds& ends,
                               SenderCounts& counts, std::size_t in_flight_max, const Log& log,
                               OnEnd on_end)
    : channel_(channel),
      providers_(providers),
      ends_(ends),
      counts_(counts),
      log_(log),
      on_end_(std::move(on_end)),
      transfers_(in_flight_max) {}

void MessageFlights::begin(Message message, LeaseClock::time_point lease_end) {
    flights_.push_back({std::move(message), lease_end, 0, std::nullopt});
    const auto place = std::prev(flights_.end());
    const CorrelationScope scope(place->message.job.correlation_id);
    guarded(place, [&] {
        if (place->message.unknowns == 0 || !ask(place)) {
            send(place);
        }
    });
}

void MessageFlights::run(milliseconds wait) {
    counts_.set_in_flight(flights_.size());
    transfers_.run(wait);
    for (auto& [place, answer] : std::exchange(answers_, {})) {
        const CorrelationScope scope(place->message.job.correlation_id);
        if (answer.too_late) {
            give_back_late(place);
        } else if (place->asked) {
            take_inquiry(place, answer);
        } else {
            take_answer(place, answer);
        }
    }
    counts_.set_in_flight(flights_.size());
}

void MessageFlights::leave_all() {
    for (const auto& flight : flights_) {
        // Of a message that was only asked about no more is known than before.
        on_end_(flight.asked ? MessageEnds::given_back(flight.message, milliseconds(0))
                             : ends_.unknown(flight.message, providers_.name(flight.provider),
                                             "the worker was stopped before it was answered"));
    }
}

milliseconds MessageFlights::short_delay() const {
    return std::max(short_delay_least, providers_.wait());
}

// Runs one step of a message; what it throws is the message's end.
template <typename Step>
void MessageFlights::guarded(Place place, const Step& step) {
    const auto& message = place->message;
    try {
        step();
    } catch (const NotSent& why) {
        finish(place, MessageEnds::not_sent(message, why));
    } catch (const SendLater& why) {
        finish(place, MessageEnds::later(message, why));
    } catch (const PermanentFailure& failure) {
        finish(place, MessageEnds::dead(message, {}, failure.what()));
    } catch (const std::exception& failure) {
        finish(place, ends_.retried(message, {}, failure.what()));
    }
}

// Whether a provider is asked first if it has the message.
bool MessageFlights::ask(Place place) {
    auto candidates = channel_.candidates(place->message);
    if (const auto last = providers_.find(place->message.provider)) {
        candidates = {*last};
    }
    for (const auto provider : candidates) {
        const auto inquiry = channel_.inquiry(place->message, provider);
        if (!inquiry) {
            continue;
        }
        if (!providers_.works(provider)) {
            finish(place, MessageEnds::given_back(place->message, short_delay()));
        } else {
            place->asked = provider;
            start(place, provider, *inquiry);
        }
        return true;
    }
    return false;
}

void MessageFlights::send(Place place) {
    const auto& message = place->message;
    const auto candidates = channel_.candidates(message);
    if (candidates.empty()) {
        throw PermanentFailure("no provider is configured for such a message");
    }
    const auto provider = providers_.choose(candidates);
    if (!provider) {
        finish(place, MessageEnds::given_back(message, short_delay()));
        return;
    }
    place->provider = *provider;
    std::optional<Transfer> call;
    try {
        call = channel_.prepare(message, *provider);
    } catch (...) {
        providers_.unused(*provider);
        throw;
    }
    start(place, *provider, *std::move(call));
}

void MessageFlights::start(Place place, std::size_t provider, Transfer call) {
    const auto not_after = place->lease_end - lease_left_least;
    std::visit([not_after](auto& request) { request.not_after = not_after; }, call);
    providers_.begun(provider);
    transfers_.start(call, [this, place](HttpAnswer answer) {
        answers_.emplace_back(place, std::move(answer));
    });
}

void MessageFlights::give_back_late(Place place) {
    log_.warn("a message is given back unsent: its lease was nearly over before its call began",
              {{"queue", channel_.queue()}, {"message_id", place->message.job.id}});
    if (place->asked) {
        providers_.undecided(*place->asked);
    } else {
        providers_.undecided(place->provider);
        providers_.unused(place->provider);
    }
    finish(place, MessageEnds::given_back(place->message, milliseconds(0)));
}

void MessageFlights::take_answer(Place place, const HttpAnswer& answer) {
    SendOutcome outcome;
    try {
        outcome = channel_.outcome(place->provider, answer);
    } catch (const std::exception& failure) {
        outcome = {SendOutcome::Kind::unknown, {}, failure.what(), std::nullopt};
    }
    outcome.reason = private_text_.hidden(std::move(outcome.reason), place->message);
    providers_.ended(place->provider, outcome);
    finish(place, ends_.of_call(place->message, providers_.name(place->provider), outcome));
}

void MessageFlights::take_inquiry(Place place, const HttpAnswer& answer) {
    const auto asked = *std::exchange(place->asked, std::nullopt);
    SendOutcome outcome;
    try {
        outcome = channel_.inquired(place->message, asked, answer);
    } catch (const std::exception& failure) {
        outcome = {SendOutcome::Kind::retry, {}, failure.what(), std::nullopt};
    }
    outcome.reason = private_text_.hidden(std::move(outcome.reason), place->message);
    const bool unanswered = answer.outcome != HttpAnswer::Outcome::answered;
    if (unanswered && outcome.kind == SendOutcome::Kind::retry) {
        outcome.kind = SendOutcome::Kind::down;
    }
    providers_.ended(asked, outcome);
    if (outcome.kind == SendOutcome::Kind::not_found) {
        guarded(place, [&] { send(place); });
        providers_.put_back();
    } else if (outcome.kind == SendOutcome::Kind::sent) {
        finish(place, MessageEnds::found(place->message, providers_.name(asked), outcome));
    } else {
        finish(place, ends_.retried(place->message, providers_.name(asked), outcome.reason));
    }
}

void MessageFlights::finish(Place place, MessageEnd end) {
    if (end.sent) {
        counts_.add_wait(milliseconds(unix_now_ms() - place->message.created_ms));
    }
    flights_.erase(place);
    on_end_(std::move(end));
}

}  // namespace coupon
