// What this process did since it started, for metrics. Safe for several threads.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "cashback/effects.hpp"
#include "runtime/metrics.hpp"

namespace coupon {

class CashbackTotals {
  public:
    // outcome: seen, changed, put_aside, unknown_state.
    void count_transactions(const std::string& network, const std::string& outcome,
                            std::int64_t transactions);
    // outcome: done, failed, stopped, busy.
    void count_run(const std::string& network, const std::string& outcome);
    void count_effects(const EffectCounts& effects);

    void write(MetricsText& out) const;

  private:
    using ByNetwork = std::map<std::pair<std::string, std::string>, std::int64_t>;

    mutable std::mutex mutex_;
    ByNetwork transactions_, runs_;
    EffectCounts effects_;
};

}  // namespace coupon
