#include "cashback/cashback_totals.hpp"

namespace coupon {

void CashbackTotals::count_transactions(const std::string& network, const std::string& outcome,
                                        std::int64_t transactions) {
    const std::lock_guard lock(mutex_);
    transactions_[{network, outcome}] += transactions;
}

void CashbackTotals::count_run(const std::string& network, const std::string& outcome) {
    const std::lock_guard lock(mutex_);
    ++runs_[{network, outcome}];
}

void CashbackTotals::count_effects(const EffectCounts& effects) {
    const std::lock_guard lock(mutex_);
    effects_ += effects;
}

void CashbackTotals::write(MetricsText& out) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [labels, value] : transactions_) {
        out.counter("coupon_cashback_transactions_total",
                    "Transactions that networks reported to this worker, by what was found.",
                    static_cast<double>(value),
                    {{"network", labels.first}, {"outcome", labels.second}});
    }
    for (const auto& [labels, value] : runs_) {
        out.counter("coupon_cashback_runs_total", "Runs of this worker, by how they ended.",
                    static_cast<double>(value),
                    {{"network", labels.first}, {"outcome", labels.second}});
    }
    const auto effect = [&out](std::string_view outcome, std::int64_t value) {
        out.counter("coupon_cashback_effects_total",
                    "Changed transactions this worker dealt with, by what came of them.",
                    static_cast<double>(value), {{"outcome", outcome}});
    };
    effect("processed", effects_.processed);
    effect("matched", effects_.matched);
    effect("unmatched", effects_.unmatched);
    effect("credited", effects_.credited);
    effect("reversed", effects_.reversed);
    effect("failed", effects_.failed);
}

}  // namespace coupon
