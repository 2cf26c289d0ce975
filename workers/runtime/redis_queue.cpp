#include "runtime/redis_queue.hpp"

#include "runtime/heartbeat.hpp"

namespace coupon {
namespace {

// allow-oom: draining is what cures a Redis that is out of memory. In chunks, because Lua's stack
// and the size of one entry are both limited by nobody else; as large as the entries so far allow,
// because what is read beyond `room` is copied for nothing.
const RedisScript& claim_script() {
    static const RedisScript script(R"(#!lua flags=allow-oom
local wanted, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local taken, size = {}, 16
while #taken < wanted and room > 0 do
    local chunk = redis.call('LRANGE', KEYS[1], 0, math.min(size, wanted - #taken) - 1)
    if #chunk == 0 then break end
    local count, before = 0, room
    while count < #chunk and room > 0 do
        count = count + 1
        taken[#taken + 1] = chunk[count]
        room = room - #chunk[count]
    end
    redis.call('RPUSH', KEYS[2], unpack(chunk, 1, count))
    redis.call('LTRIM', KEYS[1], count, -1)
    local fitting = math.floor(room * count / math.max(before - room, 1))
    size = math.max(1, math.min(500, size * 8, fitting))
end
if #taken > 0 then redis.call('SADD', KEYS[3], ARGV[3]) end
return taken)");
    return script;
}

const RedisScript& settle_script() {
    static const RedisScript script(R"(#!lua flags=allow-oom
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[2] then return 0 end
redis.call('LTRIM', KEYS[1], ARGV[1], -1)
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], ARGV[3]) end
return 1)");
    return script;
}

const RedisScript& give_back_script() {
    static const RedisScript script(R"(#!lua flags=allow-oom
local given = 0
while true do
    local chunk = redis.call('LRANGE', KEYS[2], -500, -1)
    if #chunk == 0 then break end
    local backwards = {}
    for i = #chunk, 1, -1 do backwards[#backwards + 1] = chunk[i] end
    redis.call('LPUSH', KEYS[1], unpack(backwards))
    redis.call('LTRIM', KEYS[2], 0, -#chunk - 1)
    given = given + #chunk
end
redis.call('SREM', KEYS[3], ARGV[1])
return given)");
    return script;
}

}  // namespace

std::string queue_key(const std::string& name) {
    return "queue:" + name;
}

std::string claims_key(const std::string& name) {
    return "{queue:" + name + "}:claims";
}

std::string processing_key(const std::string& name, const std::string& worker_id) {
    return "{queue:" + name + "}:processing:" + worker_id;
}

RedisQueue::RedisQueue(RedisConnection& redis, const std::string& name, std::string worker_id)
    : redis_(redis),
      name_(name),
      worker_id_(std::move(worker_id)),
      queue_(queue_key(name)),
      claims_(claims_key(name)),
      own_claims_(processing_key(name, worker_id_)) {}

RedisReply RedisQueue::claim(std::size_t entries_max, std::size_t bytes_max) {
    auto reply = redis_.run(claim_script(), {queue_, own_claims_, claims_},
                            {std::to_string(entries_max), std::to_string(bytes_max), worker_id_});
    if (reply->elements == 0) {
        return nullptr;
    }
    return reply;
}

bool RedisQueue::settle(std::size_t count, std::string_view first_entry) {
    return redis_
               .run(settle_script(), {own_claims_, claims_},
                    {std::to_string(count), first_entry, worker_id_})
               ->integer == 1;
}

std::size_t RedisQueue::give_back(const std::string& worker_id) {
    return static_cast<std::size_t>(redis_
                                        .run(give_back_script(),
                                             {queue_, processing_key(name_, worker_id), claims_},
                                             {worker_id})
                                        ->integer);
}

std::size_t RedisQueue::give_back_of_the_dead() {
    const auto members = redis_.command({"SMEMBERS", claims_});
    std::size_t given = 0;
    for (std::size_t i = 0; i < members->elements; ++i) {
        const std::string id(reply_text(*members->element[i]));
        if (id == worker_id_) {
            continue;
        }
        const auto heartbeat = redis_.command({"GET", heartbeat_key(id)});
        if (heartbeat->type == REDIS_REPLY_NIL || is_dead_here(reply_text(*heartbeat))) {
            given += give_back(id);
        }
    }
    return given;
}

}  // namespace coupon
