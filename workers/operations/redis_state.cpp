#include "operations/redis_state.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "operations/entry_time.hpp"
#include "runtime/heartbeat.hpp"
#include "runtime/redis_queue.hpp"

namespace coupon {
namespace {

std::int64_t length(RedisConnection& redis, const std::string& key) {
    return redis.command({"LLEN", key})->integer;
}

std::optional<std::int64_t> head_ms(RedisConnection& redis, const std::string& key) {
    return entry_ms(reply_text(*redis.command({"LINDEX", key, "0"})));
}

std::vector<std::string> heartbeat_keys(RedisConnection& redis) {
    std::vector<std::string> keys;
    const auto pattern = heartbeat_key("*");
    std::string cursor = "0";
    do {
        const auto reply = redis.command({"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"});
        cursor = reply_text(*reply->element[0]);
        const auto& found = *reply->element[1];
        for (std::size_t i = 0; i < found.elements; ++i) {
            keys.emplace_back(reply_text(*found.element[i]));
        }
    } while (cursor != "0");
    // A key may come twice while Redis resizes its table.
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return keys;
}

template <typename Number>
Number number_of(const nlohmann::json& state, const char* name) {
    const auto member = state.find(name);
    return member != state.end() && member->is_number() ? member->get<Number>() : Number{};
}

std::string text_of(const nlohmann::json& state, const char* name) {
    const auto member = state.find(name);
    return member != state.end() && member->is_string() ? member->get<std::string>() : "";
}

}  // namespace

QueueDepth look_at_queue(RedisConnection& redis, const std::string& name) {
    QueueDepth queue;
    queue.depth = length(redis, queue_key(name));
    queue.oldest_ms = head_ms(redis, queue_key(name));
    const auto workers = redis.command({"SMEMBERS", claims_key(name)});
    for (std::size_t i = 0; i < workers->elements; ++i) {
        const auto key = processing_key(name, std::string(reply_text(*workers->element[i])));
        queue.claimed += length(redis, key);
        const auto claimed_ms = head_ms(redis, key);
        if (claimed_ms && (!queue.oldest_ms || *claimed_ms < *queue.oldest_ms)) {
            queue.oldest_ms = claimed_ms;
        }
    }
    return queue;
}

std::vector<WorkerBeat> read_heartbeats(RedisConnection& redis) {
    std::vector<WorkerBeat> beats;
    const auto prefix = heartbeat_key("").size();
    for (const auto& key : heartbeat_keys(redis)) {
        const auto reply = redis.command({"GET", key});
        const auto text = reply_text(*reply);
        const auto state = nlohmann::json::parse(text, nullptr, false);
        if (!state.is_object()) {
            continue;
        }
        auto id = key.substr(prefix);
        auto role = id.substr(0, id.find(':'));
        beats.push_back({std::move(id), std::move(role), text_of(state, "host"),
                         text_of(state, "version"), number_of<std::int64_t>(state, "pid"),
                         number_of<std::int64_t>(state, "started"),
                         number_of<std::int64_t>(state, "jobs"), number_of<double>(state, "rate"),
                         !is_dead_here(text)});
    }
    return beats;
}

}  // namespace coupon
