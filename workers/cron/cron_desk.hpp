// Where one job is worked on: a thread and a connection of its own, so that a job that hangs keeps
// no other from its turn, and one run of it at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "cron/cron_job.hpp"
#include "cron/run_row.hpp"

namespace coupon {

class CronDesk {
  public:
    // `done` is called after each run, however it ended. The references must outlive the desk.
    CronDesk(const CronJob& job, const TimeZone& zone, std::string database_url,
             std::function<void()> done, const StopSignal& stop, const Log& log);
    // Waits for the run.
    ~CronDesk();
    CronDesk(const CronDesk&) = delete;
    CronDesk& operator=(const CronDesk&) = delete;

    // Not while it is busy.
    void begin(CronClaim claim);

    [[nodiscard]] bool busy() const noexcept { return busy_.load(); }
    // Since the run began; 0 where there is none.
    [[nodiscard]] double busy_for_s() const noexcept;
    [[nodiscard]] const std::string& job() const noexcept { return job_.name; }

  private:
    void work(const CronClaim& claim) noexcept;
    void run_to_an_end(PgConnection& pg, RunRow& row);
    void run_once(PgConnection& pg, RunRow& row);
    template <typename Write>
    void write(const Write& write);

    const CronJob& job_;
    const TimeZone& zone_;
    const std::string database_url_;
    const std::function<void()> done_;
    const StopSignal& stop_;
    const Log& log_;
    std::atomic<bool> busy_{false};
    std::atomic<std::chrono::steady_clock::time_point> began_{};
    std::thread thread_;
};

}  // namespace coupon
