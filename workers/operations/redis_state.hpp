// What Redis tells of queues and workers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/redis_connection.hpp"

namespace coupon {

struct QueueDepth {
    std::int64_t depth = 0;                 // entries that wait, claimed ones not counted
    std::int64_t claimed = 0;               // by workers, and not yet taken in
    std::optional<std::int64_t> oldest_ms;  // Unix time at which the oldest of both was made
};

// `name` without "queue:". Throws RedisUnavailable or RedisRefused.
QueueDepth look_at_queue(RedisConnection& redis, const std::string& name);

struct WorkerBeat {
    std::string id, role, host, version;
    std::int64_t pid = 0;
    std::int64_t started_s = 0;  // Unix time
    std::int64_t jobs = 0;       // since it started
    double rate = 0;             // jobs a second since its last beat
    std::int64_t at_s = 0;       // Unix time of the beat
    bool alive = true;           // false: its process on this machine is gone, its key not yet
};

// Of every worker that has one, by id. A heartbeat that is none, or of no role, is left out. Throws
// RedisUnavailable or RedisRefused.
std::vector<WorkerBeat> read_heartbeats(RedisConnection& redis);

}  // namespace coupon
