// Rows of cashback_jobs for one network: what a postback names is fetched, and runs on demand.
// Neither pays: what the network answers does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cashback/cashback_settings.hpp"
#include "cashback/network_run.hpp"
#include "runtime/job_runner.hpp"

namespace coupon {

class NetworkJobs {
  public:
    // The network's instance is used by the thread that works on the jobs, and by no other.
    NetworkJobs(std::unique_ptr<AffiliateNetwork> network, const CashbackSettings& settings,
                const EffectSettings& effects, CashbackTotals& totals, const StopSignal& stop,
                const Log& log);

    // The rows of this network.
    [[nodiscard]] JobTable table() const;
    // As JobRunner calls it.
    void work(PgConnection& pg, const Job& job);

  private:
    void work_on_postback(PgConnection& pg, const Job& job, const std::string& data);
    void run_for_postback(PgConnection& pg, const Job& job);
    void run_on_demand(PgConnection& pg, const Job& job, const std::string& data);
    void settle(PgConnection& pg, const Job& job, RunEnd end);
    [[nodiscard]] NetworkRun run_on(PgConnection& pg);

    const std::unique_ptr<AffiliateNetwork> network_;
    const CashbackSettings& settings_;
    CashbackTotals& totals_;
    const StopSignal& stop_;
    const Log& log_;
    PendingEffects effects_;
};

// Rows that name no network, or one that is not configured: a run of all of them becomes a row for
// each; everything else is a dead letter.
class UnassignedJobs {
  public:
    explicit UnassignedJobs(std::vector<std::string> networks);

    [[nodiscard]] JobTable table() const;
    void work(PgConnection& pg, const Job& job) const;

  private:
    const std::vector<std::string> networks_;
};

}  // namespace coupon
