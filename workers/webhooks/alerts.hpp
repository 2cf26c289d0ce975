// What a human has to look at: an error in the log and a number in the metrics.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "runtime/log.hpp"

namespace coupon {

class Alerts {
  public:
    explicit Alerts(const Log& log) : log_(log) {}

    // `subject` names the order, payment, webhook or call it is about.
    void raise(std::string_view what, std::string_view subject, std::string_view why) {
        count_.fetch_add(1, std::memory_order_relaxed);
        log_.error(what, {{"alert", what}, {"subject", subject}, {"reason", why}});
    }

    [[nodiscard]] std::uint64_t count() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

  private:
    const Log& log_;
    std::atomic<std::uint64_t> count_{0};
};

}  // namespace coupon
