// Tells Redis every few seconds that this worker lives: the key worker:heartbeat:<worker id>, gone
// 30 s after the last beat.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "runtime/log.hpp"
#include "runtime/redis_connection.hpp"
#include "runtime/worker_identity.hpp"

namespace coupon {

std::string heartbeat_key(const std::string& worker_id);

// A thread with a connection of its own, so that a long batch or a PostgreSQL that is away does not
// look like death. Redis away is no error here: the next beat tries again.
class Heartbeat {
  public:
    Heartbeat(const RedisAddress& address, WorkerIdentity identity, const Log& log);
    ~Heartbeat();
    Heartbeat(const Heartbeat&) = delete;
    Heartbeat& operator=(const Heartbeat&) = delete;

    void count_jobs(std::uint64_t jobs) noexcept { jobs_.fetch_add(jobs); }
    [[nodiscard]] std::uint64_t jobs() const noexcept { return jobs_.load(); }
    // Seconds since Redis last took a beat, or since the start.
    [[nodiscard]] double age_s() const noexcept;

  private:
    void run();
    void beat(double seconds);

    RedisConnection redis_;
    const WorkerIdentity identity_;
    const Log& log_;
    const std::int64_t started_s_;
    std::atomic<std::uint64_t> jobs_{0};
    std::uint64_t jobs_at_last_beat_ = 0;
    std::atomic<std::chrono::steady_clock::time_point> taken_{std::chrono::steady_clock::now()};
    bool failing_ = false;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

// Whether the worker behind a heartbeat's JSON is certainly dead although the key still stands: its
// process ran in our own pid namespace and boot, and is gone.
bool is_dead_here(std::string_view heartbeat_json);

}  // namespace coupon
