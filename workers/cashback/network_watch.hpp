// Reads one network whenever it is due, until a stop is requested.
#pragma once

#include <memory>
#include <string>

#include "cashback/cashback_settings.hpp"
#include "cashback/network_run.hpp"
#include "cashback/network_schedule.hpp"
#include "runtime/backoff.hpp"

namespace coupon {

class NetworkWatch {
  public:
    // Throws ConfigError for a wrong URL.
    NetworkWatch(std::unique_ptr<AffiliateNetwork> network, const CashbackSettings& settings,
                 const EffectSettings& effects, const std::string& database_url,
                 CashbackTotals& totals, const StopSignal& stop, const Log& log);

    // Throws nothing.
    void run() noexcept;

    // One run now, whatever the schedule says; waits a little while another process is at the
    // network. False: it failed.
    bool run_once() noexcept;

  private:
    // How long to sleep before the next look, in ms.
    int look();

    const std::unique_ptr<AffiliateNetwork> network_;
    const CashbackSettings& settings_;
    const StopSignal& stop_;
    const Log& log_;
    PgConnection pg_;
    PendingEffects effects_;
    NetworkRun run_;
    Backoff backoff_{500, 30'000};
};

}  // namespace coupon
