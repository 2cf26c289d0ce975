// What each cron worker looks at once a second: whether it leads, and then what is due, asked for,
// or left by others.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cron/cron_desk.hpp"
#include "cron/cron_settings.hpp"
#include "cron/leader_session.hpp"
#include "runtime/backoff.hpp"

namespace coupon {

class CronLeader {
  public:
    // Unix time in seconds, by which jobs are due.
    using Clock = std::function<std::int64_t()>;

    // `done` is called after each run, by several threads. The references must outlive it. Throws
    // ConfigError for a wrong URL.
    CronLeader(const CronSettings& settings, const std::string& database_url, std::string worker,
               Clock clock, std::function<void()> done, const StopSignal& stop, const Log& log);

    // Until a stop is requested, and then until the jobs have ended, at most the grace time; what
    // still runs then waits for another worker. False: there is such, and its thread may take as
    // long as it likes: leave the process without destructors.
    bool run(std::chrono::seconds grace);

    // Safe for other threads.
    [[nodiscard]] bool leads() const noexcept { return session_.held(); }
    [[nodiscard]] const std::vector<std::unique_ptr<CronDesk>>& desks() const noexcept {
        return desks_;
    }

  private:
    void look();
    void lead();
    void write_jobs_now(std::int64_t now_s);
    void request_what_is_due(std::int64_t now_s);
    void begin_open_runs();
    CronDesk* desk_of(const std::string& job);
    [[nodiscard]] bool busy() const;
    void leave() noexcept;

    const CronSettings& settings_;
    const std::string worker_;
    const Clock clock_;
    const StopSignal& stop_;
    const Log& log_;
    LeaderSession session_;
    std::vector<std::unique_ptr<CronDesk>> desks_;  // in the order of the jobs

    bool led_ = false;
    bool told_other_ = false;
    std::vector<std::int64_t> since_s_;  // in the order of the jobs
    std::int64_t next_due_s_ = 0;        // of any job, when it was last written down
    std::int64_t last_look_s_ = 0;
    std::chrono::steady_clock::time_point written_{};
    Backoff backoff_{500, 5'000};
};

}  // namespace coupon
