#include "messages/message_sender.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "messages/end_writer.hpp"
#include "messages/message_end.hpp"
#include "messages/message_flights.hpp"
#include "messages/message_table.hpp"
#include "messages/postgres_pause.hpp"
#include "messages/providers.hpp"
#include "messages/sender_counts.hpp"
#include "runtime/backoff.hpp"
#include "runtime/lease_clock.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/watched_loop.hpp"

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

// For writing what is left after the grace time.
constexpr std::chrono::seconds last_writes{3};

}  // namespace

struct MessageSender::Impl {
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
          flights(channel, providers, ends, counts, static_cast<std::size_t>(options.in_flight_max),
                  log, [this](MessageEnd end) { add_end(std::move(end)); }) {}

    void run() {
        WatchedLoop loop(channel.queue());
        const WatchedLoop::Turns turns(loop);
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
        // What could not be written for long may be of rows that would be taken anew by now.
        if (room() <= 0 || now < next_take() || writer.has_failed()) {
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
            const bool are_all = static_cast<int>(taken.size()) < calls;
            next_look = are_all ? now + milliseconds(options.idle_ms) : Clock::time_point{};
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
            flights.begin(std::move(message), lease_end);
        }
    }

    bool look_up(const std::vector<Message>& messages) {
        try {
            channel.look_up(pg, messages);
            look_up_pause.reset();
            return true;
        } catch (const std::exception& failure) {
            if (look_up_pause.fresh()) {
                log.error("what messages need cannot be looked up; it is tried until it can",
                          {{"queue", channel.queue()}, {"error", failure.what()}});
            }
        }
        next_calls = Clock::now() + milliseconds(look_up_pause.next_ms());
        for (const auto& message : messages) {
            add_end(MessageEnds::given_back(message, flights.short_delay()));
        }
        return false;
    }

    // --- what ends

    void go_on() {
        flights.run(idle());
        write();
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
        while ((flights.size() > 0 || writer.waiting() > 0) && Clock::now() < grace_end) {
            go_on();
        }
        flights.leave_all();
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

    MessageChannel& channel;
    const SenderOptions options;
    const StopSignal& stop;
    const Log& log;
    MessageTable table;
    PgConnection pg;
    PgConnection metrics_pg;
    PostgresPause pause;
    Providers providers;
    MessageEnds ends;
    SenderCounts counts;
    EndWriter writer;
    MessageFlights flights;
    Clock::time_point next_look{}, next_calls{};
    Backoff look_up_pause{200, 10'000};
    std::size_t written = 0;
    std::atomic<bool> woken{false};
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
    impl_->flights.wake();
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
    });
    metrics.add([this](MetricsText& out) {
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
