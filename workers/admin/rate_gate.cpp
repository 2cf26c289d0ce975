#include "admin/rate_gate.hpp"

namespace coupon {

std::uint32_t RateGate::wait_s(const std::string& key, std::uint64_t now_ns) {
    constexpr std::uint64_t sweep_every_ns = 1'000'000'000;
    const std::lock_guard lock(mutex_);
    auto known = arrival_ns_.find(key);
    if (known == arrival_ns_.end()) {
        if (arrival_ns_.size() >= keys_max && now_ns - swept_ns_ >= sweep_every_ns) {
            swept_ns_ = now_ns;
            std::erase_if(arrival_ns_, [&](const auto& entry) { return entry.second <= now_ns; });
        }
        if (arrival_ns_.size() >= keys_max) {
            return 1;
        }
        known = arrival_ns_.emplace(key, 0).first;
    }
    const auto decision = gcra_check(limit_, known->second, now_ns);
    known->second = decision.new_tat_ns;
    return decision.allowed ? 0 : decision.retry_after_s;
}

}  // namespace coupon
