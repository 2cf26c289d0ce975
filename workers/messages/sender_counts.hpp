// What a sender counts, for its metrics: written by its thread, read by any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "runtime/metrics.hpp"

namespace coupon {

class SenderCounts {
  public:
    // `provider` empty: none was called.
    void add(const std::string& provider, const std::string& outcome);
    void add_wait(std::chrono::milliseconds wait);
    void set_in_flight(std::size_t messages) noexcept { in_flight_ = messages; }

    void write(MetricsText& out, const std::string& queue) const;

  private:
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> ends_;  // by provider and outcome
    double wait_s_ = 0;
    std::uint64_t waits_ = 0;
    std::atomic<std::size_t> in_flight_{0};
};

}  // namespace coupon
