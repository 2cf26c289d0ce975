#include "messages/sender_counts.hpp"

namespace coupon {

void SenderCounts::add(const std::string& provider, const std::string& outcome) {
    const std::lock_guard lock(mutex_);
    ++ends_[{provider, outcome}];
}

void SenderCounts::add_wait(std::chrono::milliseconds wait) {
    const std::lock_guard lock(mutex_);
    wait_s_ += static_cast<double>(wait.count()) / 1000;
    ++waits_;
}

void SenderCounts::write(MetricsText& out, const std::string& queue) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [what, times] : ends_) {
        const auto& [provider, outcome] = what;
        out.counter("coupon_messages_total", "Messages this worker took, by what became of them.",
                    static_cast<double>(times),
                    {{"queue", queue},
                     {"provider", provider.empty() ? "none" : provider},
                     {"outcome", outcome}});
    }
    out.counter("coupon_message_wait_seconds_sum", "From queued to sent, of all sent messages.",
                wait_s_, {{"queue", queue}});
    out.counter("coupon_message_wait_seconds_count", "Sent messages.", static_cast<double>(waits_),
                {{"queue", queue}});
    out.gauge("coupon_messages_in_flight", "Messages whose call has begun and not ended.",
              static_cast<double>(in_flight_), {{"queue", queue}});
}

}  // namespace coupon
