#include "cron/cron_leader.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "runtime/watched_loop.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr int look_every_ms = 1'000;
constexpr int last_looks_every_ms = 200;
// So often others are told that there is a leader.
constexpr auto write_every = 10s;

}  // namespace

CronLeader::CronLeader(const CronSettings& settings, const std::string& database_url,
                       std::string worker, Clock clock, std::function<void()> done,
                       const StopSignal& stop, const Log& log)
    : settings_(settings),
      worker_(std::move(worker)),
      clock_(std::move(clock)),
      stop_(stop),
      log_(log),
      session_(database_url) {
    for (const auto& scheduled : settings.jobs) {
        desks_.push_back(std::make_unique<CronDesk>(scheduled.job, settings.zone, database_url,
                                                    done, stop, log));
    }
}

bool CronLeader::run(std::chrono::seconds grace) {
    WatchedLoop loop("cron");
    const WatchedLoop::Turns turns(loop);
    while (!stop_.requested()) {
        int wait_ms = look_every_ms;
        try {
            look();
            backoff_.reset();
        } catch (const std::exception& failure) {
            if (backoff_.fresh()) {
                log_.warn("the jobs cannot be looked after; it is tried until they can",
                          {{"error", failure.what()}});
            }
            wait_ms = backoff_.next_ms();
        }
        stop_.sleep_ms(wait_ms);
    }
    const auto end = steady::now() + grace;
    while (busy() && steady::now() < end) {
        // Whoever led meanwhile would begin the same runs again.
        try {
            session_.hold();
        } catch (const PgError&) {
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(last_looks_every_ms));
    }
    const bool ended = !busy();
    leave();
    return ended;
}

void CronLeader::look() {
    const bool led = led_;
    led_ = false;
    if (!session_.hold()) {
        if (led || !told_other_) {
            log_.info("another worker leads; this one stands by");
            told_other_ = true;
        }
        return;
    }
    if (!led) {
        log_.info("leads: does what is due, and what others left");
        written_ = {};
        told_other_ = false;
    }
    led_ = true;
    lead();
}

void CronLeader::lead() {
    const auto now_s = clock_();
    // A clock that was stepped changes what is next.
    if (steady::now() - written_ >= write_every || now_s >= next_due_s_ || now_s < last_look_s_) {
        write_jobs_now(now_s);
    }
    last_look_s_ = now_s;
    request_what_is_due(now_s);
    begin_open_runs();
}

void CronLeader::write_jobs_now(std::int64_t now_s) {
    since_s_ = write_jobs(session_.pg(), settings_, worker_, now_s);
    next_due_s_ = now_s + 24 * 60 * 60;
    for (const auto& scheduled : settings_.jobs) {
        next_due_s_ =
            std::min(next_due_s_,
                     scheduled.schedule.next_after(settings_.zone, now_s).value_or(next_due_s_));
    }
    written_ = steady::now();
}

void CronLeader::request_what_is_due(std::int64_t now_s) {
    std::vector<DueJob> due;
    for (std::size_t i = 0; i < since_s_.size(); ++i) {
        const auto& [job, schedule] = settings_.jobs.at(i);
        const auto latest = schedule.latest_until(settings_.zone, now_s);
        if (latest && *latest > since_s_[i]) {
            due.push_back({job.name, *latest});
        }
    }
    request_due(session_.pg(), due, now_s);
}

void CronLeader::begin_open_runs() {
    std::set<std::string> taken;  // jobs of which one run is somebody's already
    for (const auto& run : open_runs(session_.pg())) {
        auto* const desk = desk_of(run.claim.job);
        if (desk == nullptr) {
            refuse_run(session_.pg(), run, "cron has no such job");
            continue;
        }
        const bool first = taken.insert(run.claim.job).second;
        if (!first || desk->busy()) {
            continue;
        }
        if (run.running) {
            log_.warn("a run is taken over from a worker that did not end it",
                      {{"job", run.claim.job}, {"from", run.claim.worker}});
        }
        if (auto claim = take_run(session_.pg(), run, worker_)) {
            desk->begin(*std::move(claim));
        }
    }
}

CronDesk* CronLeader::desk_of(const std::string& job) {
    const auto found = std::find_if(desks_.begin(), desks_.end(),
                                    [&job](const auto& desk) { return desk->job() == job; });
    return found == desks_.end() ? nullptr : found->get();
}

bool CronLeader::busy() const {
    return std::any_of(desks_.begin(), desks_.end(), [](const auto& desk) { return desk->busy(); });
}

void CronLeader::leave() noexcept {
    try {
        if (const auto given = give_back_all(session_.pg(), worker_); given > 0) {
            log_.warn("jobs that outlasted the grace time are given back", {{"jobs", given}});
        }
        write_no_leader(session_.pg(), worker_);
    } catch (const std::exception& failure) {
        log_.warn("what is not ended is taken over by the worker that leads next",
                  {{"error", failure.what()}});
    }
    session_.let_go();
}

}  // namespace coupon
