// What every role that takes entries from Redis does about Redis: claims, settles, and copes with a
// Redis that is away or forgot.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/backoff.hpp"
#include "runtime/log.hpp"
#include "runtime/redis_queue.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

class QueueReader {
  public:
    QueueReader(const RedisAddress& redis, const std::string& name, const std::string& worker_id,
                const StopSignal& stop, const Log& log);

    // As RedisQueue::claim; null also when Redis is away or a stop was requested.
    RedisReply claim(std::size_t entries_max, std::size_t bytes_max);

    // Once the entries are committed. False: Redis no longer has these claims as ours, and what else
    // was claimed is in the queue again.
    bool settle(std::size_t count, std::string_view first_entry);

    // Another worker does it once our heartbeat is gone, where this fails.
    void give_back_own();

    // Gives back what dead workers claimed, every few seconds.
    void keep_house();

    // What Redis holds as our claims may be neither in our hands nor settled.
    [[nodiscard]] bool in_doubt() const noexcept { return in_doubt_; }

    // Until the next claim is worth trying, where Redis answers `usual_ms`.
    [[nodiscard]] int wait_ms(int usual_ms) const noexcept {
        return redis_backoff_.fresh() ? usual_ms : retry_ms_;
    }

    [[nodiscard]] const RedisAddress& address() const noexcept { return redis_.address(); }

  private:
    void distrust(const std::exception& failure);

    const StopSignal& stop_;
    const Log& log_;
    RedisConnection redis_;
    RedisQueue queue_;
    bool in_doubt_ = false;
    Backoff redis_backoff_{100, 5000};
    int retry_ms_ = 0;
    std::chrono::steady_clock::time_point dead_due_{};
};

}  // namespace coupon
