// One run over one network: its window, page by page, into affiliate_transactions, then their effects.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cashback/effects.hpp"
#include "cashback/networks/network.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

enum class RunCause : std::uint8_t { schedule, daily, demand, postback };

struct RunRequest {
    RunCause cause = RunCause::schedule;
    std::optional<NetworkWindow> window;   // without: from the cursor, with the usual overlap
    std::string transaction_id;            // of a postback, where it names one
};

enum class RunEnd : std::uint8_t { done, busy, stopped };

class NetworkRun {
  public:
    NetworkRun(AffiliateNetwork& network, PgConnection& pg, TransactionEffects& effects,
               std::chrono::hours overlap, const StopSignal& stop, const Log& log);

    // One run at a time per network across all hosts (an advisory lock of the session): busy where
    // another has it. Each page is committed by itself; the cursor moves once all of them are. Throws
    // RetryLater, PermanentFailure, PgError; network_runs has the error then.
    RunEnd run(const RunRequest& request);

  private:
    AffiliateNetwork& network_;
    PgConnection& pg_;
    TransactionEffects& effects_;
    const std::chrono::hours overlap_;
    const StopSignal& stop_;
    const Log& log_;
};

}  // namespace coupon
