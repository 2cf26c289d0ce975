// What the ledger and the transactions need every minute, whatever the networks do: seals, effects
// that are left, another look at what nobody claimed, and the alert when that is much.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "cashback/cashback_settings.hpp"
#include "cashback/pending_effects.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

class LedgerKeeper {
  public:
    // Throws ConfigError for a wrong URL.
    LedgerKeeper(const CashbackSettings& settings, const EffectSettings& effects,
                 const std::string& database_url, CashbackTotals& totals, const StopSignal& stop,
                 const Log& log);

    // Throws nothing.
    void run() noexcept;

    // Transactions that wait for their click are to have their effects anew.
    void look_again() noexcept;
    // The effects alone. False: some are left.
    bool work_off() noexcept;

    // Whether more of the last day's transactions are unmatched than UNMATCHED_ALERT allows.
    [[nodiscard]] bool alerting() const noexcept { return alerting_; }

  private:
    void seal();
    void count_unmatched();
    template <typename Work>
    void attempt(const char* what, const Work& work) noexcept;

    const CashbackSettings& settings_;
    const StopSignal& stop_;
    const Log& log_;
    PgConnection pg_;
    PendingEffects effects_;
    std::chrono::steady_clock::time_point look_again_due_{};
    std::atomic<bool> alerting_{false};
};

}  // namespace coupon
