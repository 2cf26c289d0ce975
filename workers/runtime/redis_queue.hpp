// queue:<name> and what this worker has claimed of it. Redis is transport only: clicks and webhooks
// that are lost here, the edges send again.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/redis_connection.hpp"

namespace coupon {

std::string queue_key(const std::string& name);
// The set of workers that have claims.
std::string claims_key(const std::string& name);
// The list of one worker's claims; in the same slot as the set.
std::string processing_key(const std::string& name, const std::string& worker_id);

class RedisQueue {
  public:
    // `name` without "queue:".
    RedisQueue(RedisConnection& redis, const std::string& name, std::string worker_id);

    // Moves up to `entries_max` entries to this worker's claims and returns them as an array reply;
    // null when the queue is empty. Stops at `bytes_max`, which the last entry may pass. Throws
    // RedisUnavailable or RedisRefused.
    RedisReply claim(std::size_t entries_max, std::size_t bytes_max);

    // Forgets the oldest `count` claimed entries once what they ask for is committed. False when the
    // claims do not begin with `first_entry`: Redis lost them, or another worker took this one for
    // dead and gave them back.
    bool settle(std::size_t count, std::string_view first_entry);

    // Puts all claims of a worker back to the head of the queue, in order; how many. Entries that
    // were stored in the meantime come again and are dropped as duplicates.
    std::size_t give_back(const std::string& worker_id);
    std::size_t give_back_own() { return give_back(worker_id_); }

    // Gives back the claims of workers whose heartbeat has lapsed or whose process is gone; how
    // many entries.
    std::size_t give_back_of_the_dead();

  private:
    RedisConnection& redis_;
    const std::string name_;
    const std::string worker_id_;
    const std::string queue_;
    const std::string claims_;
    const std::string own_claims_;
};

}  // namespace coupon
