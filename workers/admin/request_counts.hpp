// Requests by who asked and what became of them. Safe to use from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "runtime/metrics.hpp"

namespace coupon {

class RequestCounts {
  public:
    // `role`: none, read-only or operator; `outcome`: ok or an error's code. Both are bounded.
    void add(const std::string& role, const std::string& outcome) {
        const std::lock_guard lock(mutex_);
        ++counts_[{role, outcome}];
    }

    void write(MetricsText& out) {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, count] : counts_) {
            out.counter("coupon_admin_requests_total",
                        "Requests, by the role of who asked and the error's code.",
                        static_cast<double>(count), {{"role", key.first}, {"outcome", key.second}});
        }
    }

  private:
    std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> counts_;
};

}  // namespace coupon
