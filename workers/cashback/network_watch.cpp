#include "cashback/network_watch.hpp"

#include <algorithm>

#include "runtime/job_runner.hpp"
#include "runtime/retry_policy.hpp"
#include "runtime/watched_loop.hpp"

namespace coupon {
namespace {

constexpr int statement_deadline_ms = 30'000;
constexpr int look_every_ms = 5'000;
constexpr int look_soonest_ms = 200;
// For --once, while another process is at the network: a killed one's lock lives a moment longer.
constexpr int busy_tries_max = 30;
constexpr int busy_wait_ms = 1'000;

}  // namespace

NetworkWatch::NetworkWatch(std::unique_ptr<AffiliateNetwork> network,
                           const CashbackSettings& settings, const EffectSettings& effects,
                           const std::string& database_url, CashbackTotals& totals,
                           const StopSignal& stop, const Log& log)
    : network_(std::move(network)),
      settings_(settings),
      stop_(stop),
      log_(log),
      pg_(database_url, "coupon-worker cashback " + network_->name(), statement_deadline_ms,
          prepare_job_session),
      effects_(effects, totals, stop, log),
      run_(*network_, pg_, effects_, totals, settings.every, stop, log) {}

void NetworkWatch::run() noexcept {
    WatchedLoop loop(network_->name());
    const WatchedLoop::Turns turns(loop);
    while (!stop_.requested()) {
        int wait_ms = look_soonest_ms;
        try {
            wait_ms = look();
            backoff_.reset();
        } catch (const RetryLater&) {
            // The run has said so, and written when it is tried again.
        } catch (const PermanentFailure&) {
        } catch (const std::exception& failure) {
            if (backoff_.fresh()) {
                log_.warn("a network cannot be looked after; it is tried until it can",
                          {{"network", network_->name()}, {"error", failure.what()}});
            }
            wait_ms = backoff_.next_ms();
        }
        stop_.sleep_ms(wait_ms);
    }
}

int NetworkWatch::look() {
    const auto due = [this] {
        const auto state = read_schedule(pg_, network_->name(), settings_);
        auto next = next_run(state, settings_.every);
        next.due_ms = std::max<std::int64_t>(next.due_ms - state.now_ms, 0);
        return next;
    };
    const auto next = due();
    if (next.due_ms > 0) {
        return static_cast<int>(
            std::clamp<std::int64_t>(next.due_ms, look_soonest_ms, look_every_ms));
    }
    RunRequest request;
    request.cause = next.cause;
    request.overlap = settings_.overlap;
    request.at_least = next.cause == RunCause::daily ? settings_.reversals : std::chrono::hours{};
    request.to_unsettled = next.cause == RunCause::daily;
    request.still_wanted = [&due] { return due().due_ms == 0; };
    return run_.run(request) == RunEnd::busy ? look_every_ms : look_soonest_ms;
}

bool NetworkWatch::run_once() noexcept {
    try {
        RunRequest request;
        request.overlap = settings_.overlap;
        for (int tries = 0; tries < busy_tries_max && !stop_.requested(); ++tries) {
            if (run_.run(request) != RunEnd::busy) {
                return !stop_.requested();
            }
            stop_.sleep_ms(busy_wait_ms);
        }
        log_.error("another process reads this network", {{"network", network_->name()}});
    } catch (const std::exception& failure) {
        log_.error("a network was not read",
                   {{"network", network_->name()}, {"error", failure.what()}});
    }
    return false;
}

}  // namespace coupon
