#include "cashback/network_run.hpp"

#include <algorithm>

#include "cashback/transaction_store.hpp"
#include "runtime/clock.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/retry_policy.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

// A window without an end goes on a day beyond now: what changes while it is read stays within it.
constexpr std::int64_t open_end_ms = 24LL * 60 * 60 * 1000;
// A network whose list shrinks while it is read is read anew, a few times; more often it repeats
// itself.
constexpr int pages_without_news_max = 20;
constexpr int readings_max = 6;
constexpr int pages_max = 1'000'000;
constexpr auto tell_every = 10s;
constexpr int problems_told_max = 5;  // of one page
constexpr std::size_t id_bytes_max = 256;
// A page that does not come is asked for again, so that a long reading does not begin anew; a
// network that wants to be left alone for longer ends the run.
constexpr int repeats_max = 5;
constexpr std::chrono::milliseconds repeat_wait_max = 60s;

constexpr const char* cursor_sql =
    "SELECT (extract(epoch FROM read_until) * 1000)::bigint FROM network_cursors WHERE network = "
    "$1";

// 1, 2, 4, … s.
std::chrono::milliseconds repeat_wait(int repeats) {
    return std::chrono::milliseconds(1000 << repeats);
}

bool is_in_the_way(const PgError& error) {
    return error.sqlstate() == "40P01" || error.sqlstate() == "55P03";
}

// Not settled: neither declined nor as far as it has to be for its credit. The states stand there
// for the index.
constexpr const char* unsettled_sql =
    "SELECT (extract(epoch FROM min(occurred_at)) * 1000)::bigint FROM affiliate_transactions"
    " WHERE network = $1 AND state = ANY ($2::text[])"
    " AND state IN ('pending', 'confirmed', 'payable')"
    " AND occurred_at >= to_timestamp($3::bigint / 1000.0)";

std::string states_below(NetworkState credit_on) {
    PgArray states;
    for (const auto state :
         {NetworkState::pending, NetworkState::confirmed, NetworkState::payable}) {
        if (state < credit_on) {
            states.add(state_word(state));
        }
    }
    return states.literal();
}

std::int64_t in_ms(std::chrono::hours hours) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(hours).count();
}

}  // namespace

NetworkRun::NetworkRun(AffiliateNetwork& network, PgConnection& pg, PendingEffects& effects,
                       CashbackTotals& totals, std::chrono::milliseconds retry_at_most,
                       const StopSignal& stop, const Log& log)
    : network_(network),
      pg_(pg),
      effects_(effects),
      totals_(totals),
      retry_at_most_(retry_at_most),
      stop_(stop),
      log_(log) {}

RunEnd NetworkRun::run(const RunRequest& request) {
    const NetworkLock lock(pg_, network_.name());
    if (!lock.held() || (request.still_wanted && !request.still_wanted())) {
        totals_.count_run(network_.name(), "busy");
        return RunEnd::busy;
    }
    const auto now_ms = unix_now_ms();
    const auto window = window_of(request, now_ms);
    RunRecord record(pg_, network_.name(), request.cause, window);
    Reading reading{lock, record};
    try {
        if (read_window(reading, window) == RunEnd::stopped) {
            record.stopped(reading.progress);
            totals_.count_run(network_.name(), "stopped");
            return RunEnd::stopped;
        }
        record.done(reading.progress,
                    request.window ? std::nullopt : std::optional<std::int64_t>(now_ms));
    } catch (const RetryLater& failure) {
        note_failure(reading, failure, failure.after());
        throw;
    } catch (const std::exception& failure) {
        note_failure(reading, failure);
        throw;
    }
    totals_.count_run(network_.name(), "done");
    tell_progress(reading, "a network was read");
    return RunEnd::done;
}

RunEnd NetworkRun::run_one(const std::string& transaction_id) {
    const NetworkLock lock(pg_, network_.name());
    if (!lock.held()) {
        totals_.count_run(network_.name(), "busy");
        return RunEnd::busy;
    }
    const auto page = network_.fetch_one(transaction_id);
    if (!page) {
        return RunEnd::cannot;
    }
    if (page->transactions.empty()) {
        return RunEnd::unknown;
    }
    RunRecord record(pg_, network_.name(), RunCause::postback, std::nullopt);
    Reading reading{lock, record};
    try {
        take_in(reading, page->transactions);
        record.done(reading.progress, std::nullopt);
    } catch (const std::exception& failure) {
        note_failure(reading, failure);
        throw;
    }
    totals_.count_run(network_.name(), "done");
    return RunEnd::done;
}

NetworkWindow NetworkRun::window_of(const RunRequest& request, std::int64_t now_ms) {
    if (request.window) {
        return *request.window;
    }
    const auto row = pg_.execute(cursor_sql, {network_.name()});
    const auto read_until = row.rows() == 0 ? now_ms : std::min(row.number(0, 0), now_ms);
    auto from = std::min(read_until - in_ms(request.overlap), now_ms - in_ms(request.at_least));
    if (request.to_unsettled) {
        const auto oldest = pg_.execute(
            unsettled_sql, {network_.name(), states_below(network_.credit_on()),
                            std::to_string(std::max<std::int64_t>(now_ms - oldest_wait_ms, 0))});
        from = oldest.is_null(0, 0) ? from : std::min(from, oldest.number(0, 0));
    }
    return {std::max<std::int64_t>(from, 0), now_ms + open_end_ms};
}

RunEnd NetworkRun::read_window(Reading& reading, const NetworkWindow& window) {
    std::string place;
    while (!stop_.requested()) {
        const auto page = fetch_patiently(window, place);
        if (!page) {
            return RunEnd::stopped;
        }
        take_in(reading, page->transactions);
        if (!page->next) {
            return RunEnd::done;
        }
        if (reading.pages_without_news >=
            pages_without_news_max + readings_max * reading.pages_with_news) {
            throw RetryLater(network_.name() +
                             " repeats itself: " + std::to_string(reading.pages_without_news) +
                             " pages in a row without a new transaction");
        }
        if (reading.progress.pages >= pages_max) {
            throw RetryLater(network_.name() + " has no end: " + std::to_string(pages_max) +
                             " pages");
        }
        if (steady::now() - reading.told >= tell_every) {
            tell_progress(reading, "a network is being read");
        }
        place = *page->next;
    }
    return RunEnd::stopped;
}

std::optional<NetworkPage> NetworkRun::fetch_patiently(const NetworkWindow& window,
                                                       const std::string& place) {
    for (int repeats = 0; !stop_.requested(); ++repeats) {
        try {
            return network_.fetch(window, place);
        } catch (const RetryLater& failure) {
            const auto wait = failure.after().value_or(repeat_wait(repeats));
            if (repeats == repeats_max || wait > repeat_wait_max) {
                throw;
            }
            log_.info(
                "a page of a network is asked for again",
                {{"network", network_.name()}, {"in_ms", wait.count()}, {"error", failure.what()}});
            stop_.sleep_ms(static_cast<int>(wait.count()));
        }
    }
    return std::nullopt;
}

void NetworkRun::take_in(Reading& reading, const std::vector<NetworkTransaction>& transactions) {
    bool news = false;
    for (const auto& transaction : transactions) {
        news = reading.seen.add(transaction.id) || news;
    }
    reading.pages_with_news += news ? 1 : 0;
    reading.pages_without_news = news ? 0 : reading.pages_without_news + 1;
    ++reading.progress.pages;
    const auto before = reading.progress;
    store(reading, transactions);
    const auto& now = reading.progress;
    totals_.count_transactions(network_.name(), "seen", now.seen - before.seen);
    totals_.count_transactions(network_.name(), "changed", now.changed - before.changed);
    totals_.count_transactions(network_.name(), "put_aside", now.put_aside - before.put_aside);
    tell_problems(reading, transactions);
    work_off(reading);
}

void NetworkRun::store(Reading& reading, const std::vector<NetworkTransaction>& transactions) {
    for (int repeats = 0;; ++repeats) {
        try {
            store_at_once(reading, transactions);
            return;
        } catch (const PgError& error) {
            if (error.is_data_error()) {
                store_apart(reading, transactions, error.what());
                return;
            }
            if (!is_in_the_way(error) || repeats == repeats_max || stop_.requested()) {
                throw;
            }
            stop_.sleep_ms(static_cast<int>(repeat_wait(repeats).count()));
        }
    }
}

void NetworkRun::store_at_once(Reading& reading,
                               const std::vector<NetworkTransaction>& transactions) {
    PgTransaction transaction(pg_);
    reading.lock.check();
    const auto counts =
        store_transactions(pg_, network_.name(), std::stoll(reading.record.id()), transactions);
    auto progress = reading.progress;
    progress.seen += counts.seen;
    progress.changed += counts.changed;
    progress.put_aside += counts.put_aside;
    reading.record.save(progress);
    transaction.commit();
    reading.progress = progress;
}

// One of them has a value that PostgreSQL does not take: ever fewer at once, until it stands alone.
void NetworkRun::store_apart(Reading& reading, const std::vector<NetworkTransaction>& transactions,
                             const std::string& why) {
    if (transactions.size() > 1) {
        const auto middle =
            transactions.begin() + static_cast<std::ptrdiff_t>(transactions.size() / 2);
        store(reading, {transactions.begin(), middle});
        store(reading, {middle, transactions.end()});
        return;
    }
    const auto& refused = transactions.front();
    if (!refused.problem.empty()) {
        ++reading.progress.seen;
        ++reading.progress.put_aside;
        return;
    }
    NetworkTransaction aside;
    aside.id = storable_text(refused.id, id_bytes_max);
    aside.problem = storable_text("PostgreSQL does not take it: " + why);
    log_.warn(
        "a record of a network is put aside",
        {{"network", network_.name()}, {"transaction", aside.id}, {"problem", aside.problem}});
    store(reading, {aside});
}

void NetworkRun::tell_problems(Reading& reading,
                               const std::vector<NetworkTransaction>& transactions) {
    int told = 0;
    for (const auto& transaction : transactions) {
        if (!transaction.problem.empty() && ++told <= problems_told_max) {
            log_.warn("a record of a network is put aside",
                      {{"network", network_.name()},
                       {"transaction", storable_text(transaction.id, id_bytes_max)},
                       {"problem", storable_text(transaction.problem)}});
        }
        if (!transaction.state_known) {
            totals_.count_transactions(network_.name(), "unknown_state", 1);
            if (reading.unknown_words.insert(transaction.status).second) {
                log_.error("a network uses a status nobody knows; it counts as pending",
                           {{"network", network_.name()},
                            {"status", storable_text(transaction.status, id_bytes_max)},
                            {"transaction", storable_text(transaction.id, id_bytes_max)}});
            }
        }
    }
}

void NetworkRun::work_off(const Reading& reading) {
    effects_.work_off(pg_, "run " + reading.record.id() + " of " + network_.name());
}

void NetworkRun::tell_progress(Reading& reading, std::string_view message) {
    reading.told = steady::now();
    const double seconds = std::chrono::duration<double>(reading.told - reading.started).count();
    const auto& progress = reading.progress;
    log_.info(message,
              {{"network", network_.name()},
               {"run", reading.record.id()},
               {"pages", progress.pages},
               {"seen", progress.seen},
               {"changed", progress.changed},
               {"put_aside", progress.put_aside},
               {"per_second", static_cast<double>(progress.seen) / std::max(seconds, 0.001)}});
}

void NetworkRun::note_failure(Reading& reading, const std::exception& failure,
                              std::optional<std::chrono::milliseconds> after) {
    totals_.count_run(network_.name(), "failed");
    log_.error("a network could not be read to the end", {{"network", network_.name()},
                                                          {"run", reading.record.id()},
                                                          {"pages", reading.progress.pages},
                                                          {"error", failure.what()}});
    try {
        reading.record.failed(reading.progress, failure.what(), after, retry_at_most_);
    } catch (const PgError&) {
        // PostgreSQL is away. The next run finds this one open.
    }
}

}  // namespace coupon
