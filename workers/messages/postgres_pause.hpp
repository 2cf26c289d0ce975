// PostgreSQL is away: when to try it again, and what the log says about it.
#pragma once

#include <chrono>

#include "runtime/backoff.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

class PostgresPause {
  public:
    using Clock = std::chrono::steady_clock;

    explicit PostgresPause(const Log& log) : log_(log) {}

    [[nodiscard]] bool over(Clock::time_point now) const noexcept { return now >= until_; }
    [[nodiscard]] Clock::time_point until() const noexcept { return until_; }

    void failed(const PgError& error) {
        if (backoff_.fresh()) {
            log_.warn("PostgreSQL does not work on messages; it is tried until it does",
                      {{"error", error.what()}, {"sqlstate", error.sqlstate()}});
        }
        until_ = Clock::now() + std::chrono::milliseconds(backoff_.next_ms());
    }
    // It is to be tried at once: for the last time.
    void forget() noexcept { until_ = {}; }
    void worked() {
        if (!backoff_.fresh()) {
            log_.info("PostgreSQL works on messages again");
            backoff_.reset();
        }
    }

  private:
    const Log& log_;
    Backoff backoff_{50, 5000};
    Clock::time_point until_{};
};

}  // namespace coupon
