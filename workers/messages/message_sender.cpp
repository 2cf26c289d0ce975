#include "messages/message_sender.hpp"

#include <algorithm>
#include <atomic>
#include <list>
#include <thread>
#include <utility>

#include "messages/end_writer.hpp"
#include "messages/lease_clock.hpp"
#include "messages/message_end.hpp"
#include "messages/message_table.hpp"
#include "messages/postgres_pause.hpp"
#include "messages/private_text.hpp"
#include "messages/providers.hpp"
#include "messages/sender_counts.hpp"
#include "runtime/clock.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// No call moves on while a statement runs, so statements have to end long before calls do.
constexpr int statement_deadline_ms = 5'000;
constexpr int metrics_deadline_ms = 3'000;
constexpr const char* session_sql =
    "SET synchronous_commit = on;"
    // Sooner than our own deadline, so that no abandoned statement holds locks.
    "SET statement_timeout = '4s'; SET lock_timeout = '1s';"
    "SET idle_in_transaction_session_timeout = '10s'";

// A call begins only while so much of the lease is left: it ends, one way or the other, before
// another worker may take the message.
constexpr std::chrono::seconds lease_left_least{40};
// What nobody could send now waits at least so long, so that it is not taken again and again.
constexpr milliseconds give_back_least{500};
// For writing what is left after the grace time.
constexpr std::chrono::seconds last_writes{3};

}  // namespace

struct MessageSender::Impl {
    // A message under way: its call, or the inquiry before it.
    struct Flight {
        Message message;
        LeaseClock::time_point lease_end;
        std::size_t provider = 0;          // of its call
        std::optional<std::size_t> asked;  // whom the inquiry goes to, while it is under way
    };
    using Place = std::list<Flight>::iterator;

    Impl(MessageChannel& the_channel, const std::string& database_url, const RedisAddress& redis,
         SenderOptions the_options, const StopSignal& the_stop, const Log& the_log)
        : channel(the_channel),
          options(std::move(the_options)),
          stop(the_stop),
          log(the_log),
          table(channel.queue()),
          pg(database_url, "coupon-worker " + channel.queue(), statement_deadline_ms,
             [](PgConnection& opened) { opened.execute_script(session_sql); }),
          metrics_pg(database_url, "coupon-worker metrics", metrics_deadline_ms),
          pause(log),
          providers(channel.providers(), redis, log),
          ends(options.unknown_wait),
          writer(table, pg, pause, log,
                 [this](const MessageEnd& end, bool lost) { note_written(end, lost); }),
          transfers(static_cast<std::size_t>(options.in_flight_max)) {}

    void run() {
        while (!stop.requested()) {
            take();
            go_on();
        }
        wind_up();
    }

    // --- what begins

    void take() {
        if (woken.exchange(false)) {
            next_look = {};
        }
        const auto now = Clock::now();
        if (room() <= 0 || now < next_take()) {
            return;
        }
        const int calls = providers.acquire(room());
        if (calls == 0) {
            next_calls = now + providers.wait();
            return;
        }
        try {
            const auto lease_end = LeaseClock::now() + options.lease;
            auto taken = table.take(pg, calls, options.lease);
            pause.worked();
            const bool all = static_cast<int>(taken.size()) < calls;
            next_look = all ? now + milliseconds(options.idle_ms) : Clock::time_point{};
            begin_all(std::move(taken), lease_end);
        } catch (const PgError& error) {
            pause.failed(error);
        }
        providers.put_back();
    }

    void begin_all(std::vector<TakenMessage> taken, LeaseClock::time_point lease_end) {
        std::vector<Message> sendable;
        for (auto& [message, error] : taken) {
            if (is_reported(message)) {
                add_end(MessageEnds::reported(message));
            } else if (message.job.starts > 1) {
                add_end(ends.unknown(message, {},
                                     "whoever had it ended, or stood still, before it"
                                     " could say what became of it"));
            } else if (!error.empty()) {
                add_end(MessageEnds::dead(message, {}, error));
            } else {
                sendable.push_back(std::move(message));
            }
        }
        if (sendable.empty() || !look_up(sendable)) {
            return;
        }
        for (auto& message : sendable) {
            flights.push_back({std::move(message), lease_end, 0, std::nullopt});
            begin(std::prev(flights.end()));
        }
    }

    bool look_up(const std::vector<Message>& messages) {
        try {
            channel.look_up(pg, messages);
            return true;
        } catch (const PgError& error) {
            pause.failed(error);
        } catch (const std::exception& failure) {
            log.error("what messages need cannot be looked up", {{"error", failure.what()}});
        }
        for (const auto& message : messages) {
            add_end(MessageEnds::given_back(message, give_back_least));
        }
        return false;
    }

    // Runs one step of a message; what it throws is the message's end.
    template <typename Step>
    void guarded(Place place, const Step& step) {
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
            finish(place, ends.retried(message, {}, failure.what()));
        }
    }

    void begin(Place place) {
        guarded(place, [&] {
            if (place->message.unknowns == 0 || !ask(place)) {
                send(place);
            }
        });
    }

    // Whether a provider is asked first if it has the message.
    bool ask(Place place) {
        auto asked = channel.candidates(place->message);
        if (const auto last = providers.find(place->message.provider)) {
            asked = {*last};
        }
        for (const auto provider : asked) {
            if (auto inquiry = channel.inquiry(place->message, provider)) {
                if (!providers.works(provider)) {
                    finish(place, MessageEnds::given_back(place->message, short_delay()));
                } else if (has_lease(place)) {
                    place->asked = provider;
                    start(place, provider, *inquiry);
                }
                return true;
            }
        }
        return false;
    }

    void send(Place place) {
        const auto& message = place->message;
        const auto candidates = channel.candidates(message);
        if (candidates.empty()) {
            throw PermanentFailure("no provider is configured for such a message");
        }
        const auto provider = providers.choose(candidates);
        if (!provider) {
            finish(place, MessageEnds::given_back(message, short_delay()));
            return;
        }
        place->provider = *provider;
        std::optional<Transfer> call;
        try {
            call = channel.prepare(message, *provider);
        } catch (...) {
            providers.unused(*provider);
            throw;
        }
        if (has_lease(place)) {
            start(place, *provider, *call);
        } else {
            providers.unused(*provider);
        }
    }

    // Where it has not, the message is given back.
    bool has_lease(Place place) {
        if (place->lease_end - LeaseClock::now() >= lease_left_least) {
            return true;
        }
        log.warn(
            "a message is given back unsent: this worker stood still and its lease is nearly over",
            {{"queue", channel.queue()}, {"message_id", place->message.job.id}});
        finish(place, MessageEnds::given_back(place->message, milliseconds(0)));
        return false;
    }

    void start(Place place, std::size_t provider, const Transfer& call) {
        providers.begun(provider);
        transfers.start(call, [this, place](HttpAnswer answer) {
            answers.emplace_back(place, std::move(answer));
        });
    }

    // --- what ends

    void go_on() {
        transfers.run(idle());
        take_answers();
        write();
    }

    void take_answers() {
        for (auto& [place, answer] : std::exchange(answers, {})) {
            const CorrelationScope scope(place->message.job.correlation_id);
            if (place->asked) {
                take_inquiry(place, answer);
            } else {
                take_answer(place, answer);
            }
        }
        counts.set_in_flight(flights.size());
    }

    void take_answer(Place place, const HttpAnswer& answer) {
        SendOutcome outcome;
        try {
            outcome = channel.outcome(place->provider, answer);
        } catch (const std::exception& failure) {
            outcome = {SendOutcome::Kind::unknown, {}, failure.what(), std::nullopt};
        }
        outcome.reason = private_text.hidden(std::move(outcome.reason), place->message);
        providers.ended(place->provider, outcome);
        finish(place, ends.of_call(place->message, providers.name(place->provider), outcome));
    }

    void take_inquiry(Place place, const HttpAnswer& answer) {
        const auto asked = *std::exchange(place->asked, std::nullopt);
        SendOutcome outcome;
        try {
            outcome = channel.inquired(place->message, asked, answer);
        } catch (const std::exception& failure) {
            outcome = {SendOutcome::Kind::retry, {}, failure.what(), std::nullopt};
        }
        outcome.reason = private_text.hidden(std::move(outcome.reason), place->message);
        const bool unanswered = answer.outcome != HttpAnswer::Outcome::answered;
        if (unanswered && outcome.kind == SendOutcome::Kind::retry) {
            outcome.kind = SendOutcome::Kind::down;
        }
        providers.ended(asked, outcome);
        if (outcome.kind == SendOutcome::Kind::not_found) {
            guarded(place, [&] { send(place); });
            providers.put_back();
        } else if (outcome.kind == SendOutcome::Kind::sent) {
            finish(place, MessageEnds::found(place->message, providers.name(asked), outcome));
        } else {
            finish(place, ends.retried(place->message, providers.name(asked), outcome.reason));
        }
    }

    void finish(Place place, MessageEnd end) {
        if (end.sent) {
            counts.add_wait(milliseconds(unix_now_ms() - place->message.created_ms));
        }
        add_end(std::move(end));
        flights.erase(place);
    }

    void add_end(MessageEnd end) {
        const bool dead = end.status == "failed";
        if (dead || end.outcome == "unknown") {
            const auto text = dead ? "a message is dead" : "nobody knows whether a message arrived";
            const std::initializer_list<LogField> fields{{"queue", channel.queue()},
                                                         {"message_id", end.id},
                                                         {"provider", end.provider},
                                                         {"error", end.error}};
            dead ? log.error(text, fields) : log.warn(text, fields);
        }
        writer.add(std::move(end));
    }

    void write() {
        writer.write();
        if (written > 0) {
            options.ended(std::exchange(written, 0));
        }
    }

    void note_written(const MessageEnd& end, bool lost) {
        ++written;
        counts.add(end.provider, end.outcome);
        if (lost) {
            counts.add(end.provider, "lease_lost");
            log.warn(
                "a message was settled by another worker, or by a commit whose answer was lost",
                {{"queue", channel.queue()}, {"message_id", end.id}, {"outcome", end.outcome}});
        }
    }

    void wind_up() {
        const auto grace_end = Clock::now() + options.grace;
        while ((!flights.empty() || writer.waiting() > 0) && Clock::now() < grace_end) {
            go_on();
        }
        for (const auto& flight : flights) {
            // Of a message that was only asked about no more is known than before.
            add_end(flight.asked ? MessageEnds::given_back(flight.message, milliseconds(0))
                                 : ends.unknown(flight.message, providers.name(flight.provider),
                                                "the worker was stopped before it was answered"));
        }
        const auto writes_end = Clock::now() + last_writes;
        pause.forget();
        write();
        while (writer.waiting() > 0 && Clock::now() < writes_end) {
            std::this_thread::sleep_for(milliseconds(50));
            write();
        }
        if (writer.waiting() > 0) {
            log.error(
                "what became of messages cannot be written; they count as unknown once their"
                " lease is over",
                {{"messages", static_cast<std::int64_t>(writer.waiting())}});
        }
    }

    // --- how long to wait

    // Messages that may be taken; what waits to be written takes room as well.
    [[nodiscard]] int room() const noexcept {
        return options.in_flight_max - static_cast<int>(flights.size() + writer.waiting());
    }

    [[nodiscard]] Clock::time_point next_take() const noexcept {
        return std::max({next_look, next_calls, pause.until()});
    }

    [[nodiscard]] milliseconds idle() const {
        const auto now = Clock::now();
        auto next = now + milliseconds(options.idle_ms);
        if (room() > 0 && !stop.requested()) {
            next = std::min(next, next_take());
        }
        if (writer.waiting() > 0) {
            next = std::min(next, writer.next());
        }
        return std::chrono::ceil<milliseconds>(std::max(next - now, Clock::duration::zero()));
    }

    [[nodiscard]] milliseconds short_delay() const {
        return std::max(give_back_least, providers.wait());
    }

    MessageChannel& channel;
    const SenderOptions options;
    const StopSignal& stop;
    const Log& log;
    MessageTable table;
    PgConnection pg;
    PgConnection metrics_pg;
    PostgresPause pause;
    Providers providers;
    const PrivateText private_text;
    MessageEnds ends;
    SenderCounts counts;
    EndWriter writer;
    std::list<Flight> flights;
    std::vector<std::pair<Place, HttpAnswer>> answers;
    Clock::time_point next_look{}, next_calls{};
    std::size_t written = 0;
    std::atomic<bool> woken{false};
    Transfers transfers;
};

MessageSender::MessageSender(MessageChannel& channel, const std::string& database_url,
                             const RedisAddress& redis, SenderOptions options,
                             const StopSignal& stop, const Log& log)
    : impl_(std::make_unique<Impl>(channel, database_url, redis, std::move(options), stop, log)) {}

MessageSender::~MessageSender() = default;

void MessageSender::run() {
    impl_->run();
}

void MessageSender::wake() noexcept {
    impl_->woken = true;
    impl_->transfers.wake();
}

void MessageSender::add_metrics(Metrics& metrics) {
    metrics.add([this](MetricsText& out) {
        impl_->counts.write(out, impl_->channel.queue());
        for (std::size_t provider = 0; provider < impl_->providers.size(); ++provider) {
            out.gauge("coupon_provider_breaker_open",
                      "Whether the provider does not work and is only tried with single calls.",
                      impl_->providers.is_open(provider) ? 1 : 0,
                      {{"provider", impl_->providers.name(provider)}});
        }
        const auto sql =
            "SELECT count(*) FROM " + impl_->table.name() + " WHERE delivery_status = 'unknown'";
        out.gauge(
            "coupon_messages_unknown",
            "Messages of which nobody knows whether they arrived: held ones and dead letters.",
            static_cast<double>(impl_->metrics_pg.execute(sql.c_str()).number(0, 0)),
            {{"queue", impl_->channel.queue()}});
    });
}

}  // namespace coupon
