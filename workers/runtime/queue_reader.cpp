#include "runtime/queue_reader.hpp"

namespace coupon {
namespace {

using steady = std::chrono::steady_clock;

constexpr int redis_timeout_ms = 10'000;
constexpr std::chrono::seconds dead_every{5};

}  // namespace

QueueReader::QueueReader(const RedisAddress& redis, const std::string& name,
                         const std::string& worker_id, const StopSignal& stop, const Log& log)
    : stop_(stop), log_(log), redis_(redis, redis_timeout_ms), queue_(redis_, name, worker_id) {}

RedisReply QueueReader::claim(std::size_t entries_max, std::size_t bytes_max) {
    if (stop_.requested()) {
        return nullptr;
    }
    try {
        if (in_doubt_) {
            queue_.give_back_own();
            in_doubt_ = false;
        }
        auto entries = queue_.claim(entries_max, bytes_max);
        if (!redis_backoff_.fresh()) {
            log_.info("Redis answers again");
            redis_backoff_.reset();
        }
        return entries;
    } catch (const RedisUnavailable& failure) {
        distrust(failure);
    } catch (const RedisRefused& failure) {
        distrust(failure);
    }
    return nullptr;
}

bool QueueReader::settle(std::size_t count, std::string_view first_entry) {
    try {
        if (queue_.settle(count, first_entry)) {
            return true;
        }
        in_doubt_ = true;
        log_.warn(
            "Redis no longer holds this worker's claims; what else it had is back in the queue");
    } catch (const RedisUnavailable& failure) {
        distrust(failure);
    } catch (const RedisRefused& failure) {
        distrust(failure);
    }
    return false;
}

void QueueReader::give_back_own() {
    try {
        queue_.give_back_own();
    } catch (const std::exception& failure) {
        distrust(failure);
    }
}

void QueueReader::keep_house() {
    if (steady::now() < dead_due_ || stop_.requested()) {
        return;
    }
    dead_due_ = steady::now() + dead_every;
    try {
        const auto given = queue_.give_back_of_the_dead();
        if (given > 0) {
            log_.info("gave back what dead workers had claimed",
                      {{"entries", static_cast<std::int64_t>(given)}});
        }
    } catch (const std::exception& failure) {
        distrust(failure);
    }
}

void QueueReader::distrust(const std::exception& failure) {
    in_doubt_ = true;
    if (redis_backoff_.fresh()) {
        log_.warn("Redis does not answer as it should; it is tried until it does",
                  {{"error", failure.what()}});
    }
    retry_ms_ = redis_backoff_.next_ms();
}

}  // namespace coupon
