// One run over one network: its window, page by page, into affiliate_transactions, with their
// effects.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cashback/cashback_totals.hpp"
#include "cashback/network_lock.hpp"
#include "cashback/networks/network.hpp"
#include "cashback/pending_effects.hpp"
#include "cashback/run_record.hpp"
#include "cashback/seen_ids.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

// Nothing older is asked for because a transaction still waits for the network's word.
inline constexpr std::int64_t oldest_wait_ms = 400LL * 24 * 60 * 60 * 1000;

struct RunRequest {
    RunCause cause = RunCause::schedule;
    // Without: from the cursor, or from now where there is none, and `overlap` before that.
    std::optional<NetworkWindow> window;
    std::chrono::hours overlap{};
    std::chrono::hours at_least{};  // how far back it reaches in any case
    bool to_unsettled = false;      // and further, to the oldest transaction that is not settled
    // Asked once nobody else is at the network: another process may have done it meanwhile.
    std::function<bool()> still_wanted = {};
};

enum class RunEnd : std::uint8_t {
    done,
    busy,     // another process is at this network, or was
    stopped,  // a stop was requested
    cannot,   // the network cannot be asked for one transaction
    unknown   // the network does not know the transaction, or not yet
};

class NetworkRun {
  public:
    // `retry_at_most`: a run that failed is tried again no later than that.
    NetworkRun(AffiliateNetwork& network, PgConnection& pg, PendingEffects& effects,
               CashbackTotals& totals, std::chrono::milliseconds retry_at_most,
               const StopSignal& stop, const Log& log);

    // Reads a window. Each page is committed by itself, with its effects behind it; the cursor
    // moves once all pages are, unless the request named a window. Throws RetryLater,
    // PermanentFailure and PgError; network_runs has the error then, unless PostgreSQL is away.
    // Done, busy or stopped.
    RunEnd run(const RunRequest& request);

    // Reads one transaction, by the network's id, because somebody said that it changed. Throws as
    // run() does. Not stopped.
    RunEnd run_one(const std::string& transaction_id);

  private:
    // What one run has to do with.
    struct Reading {
        const NetworkLock& lock;
        RunRecord& record;
        RunProgress progress{};
        SeenIds seen{};
        int pages_with_news = 0, pages_without_news = 0;  // the latter in a row
        std::set<std::string> unknown_words{};
        std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
        std::chrono::steady_clock::time_point told = started;
    };

    [[nodiscard]] NetworkWindow window_of(const RunRequest& request, std::int64_t now_ms);
    RunEnd read_window(Reading& reading, const NetworkWindow& window);
    // The page, asked for again where it did not come; nothing where a stop was requested
    // meanwhile.
    std::optional<NetworkPage> fetch_patiently(const NetworkWindow& window,
                                               const std::string& place);
    void take_in(Reading& reading, const std::vector<NetworkTransaction>& transactions);
    void store(Reading& reading, const std::vector<NetworkTransaction>& transactions);
    void store_at_once(Reading& reading, const std::vector<NetworkTransaction>& transactions);
    void store_apart(Reading& reading, const std::vector<NetworkTransaction>& transactions,
                     const std::string& why);
    void tell_problems(Reading& reading, const std::vector<NetworkTransaction>& transactions);
    void work_off(const Reading& reading);
    void tell_progress(Reading& reading, std::string_view message);
    void note_failure(Reading& reading, const std::exception& failure,
                      std::optional<std::chrono::milliseconds> after = std::nullopt);

    AffiliateNetwork& network_;
    PgConnection& pg_;
    PendingEffects& effects_;
    CashbackTotals& totals_;
    const std::chrono::milliseconds retry_at_most_;
    const StopSignal& stop_;
    const Log& log_;
};

}  // namespace coupon
