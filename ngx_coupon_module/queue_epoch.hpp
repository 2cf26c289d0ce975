// Tells whether Redis still has what it was given: its run_id changes with a restart, and the
// queue's generation key is gone after FLUSHALL or a restore. Both together are the epoch under
// which entries were sent.
#pragma once

#include "io/redis_connection.hpp"

#include <functional>
#include <string>

namespace coupon {

class QueueEpoch {
public:
    // `on_known` is called with the epoch whenever it was read: the same value, or a new one.
    QueueEpoch(RedisConnection& redis, std::string_view queue, std::function<void(uint64_t)> on_known);

    // Asks Redis; on every connect and about once a second. Does nothing while an answer is due.
    void read();
    void forget() noexcept { known_ = false; }
    bool known() const noexcept { return known_; }

private:
    void take_generation(const RedisReply* reply);

    RedisConnection& redis_;
    std::string generation_key_;
    std::function<void(uint64_t)> on_known_;
    std::string run_id_;
    bool asking_ = false;
    bool known_ = false;
};

}  // namespace coupon
