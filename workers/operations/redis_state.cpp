#include "operations/redis_state.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "operations/entry_time.hpp"
#include "operations/worker_roles.hpp"
#include "runtime/heartbeat.hpp"
#include "runtime/redis_queue.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

constexpr std::size_t text_bytes_max = 300;  // of a worker's id, host or version
constexpr std::uint64_t pid_max = 0x7fffffff;
constexpr std::uint64_t year_9999_s = 253'402'300'799;
constexpr std::uint64_t jobs_max = std::uint64_t{1} << 53;

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

// Anybody may have pushed it: 0 for what is none, or beyond what PostgreSQL can add up.
std::int64_t number_of(const nlohmann::json& state, const char* name, std::uint64_t max) {
    const auto member = state.find(name);
    return member != state.end() && member->is_number_unsigned() &&
                   member->get<std::uint64_t>() <= max
               ? member->get<std::int64_t>()
               : 0;
}

double rate_of(const nlohmann::json& state) {
    const auto member = state.find("rate");
    const double rate = member != state.end() && member->is_number() ? member->get<double>() : 0;
    constexpr double rate_max = 1e9;
    return rate >= 0 && rate <= rate_max ? rate : 0;
}

std::string text_of(const nlohmann::json& state, const char* name) {
    const auto member = state.find(name);
    return member != state.end() && member->is_string()
               ? storable_text(member->get_ref<const std::string&>(), text_bytes_max)
               : "";
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
        if (!is_worker_role(role) || id != storable_text(id, text_bytes_max)) {
            continue;
        }
        beats.push_back({std::move(id), std::move(role), text_of(state, "host"),
                         text_of(state, "version"), number_of(state, "pid", pid_max),
                         number_of(state, "started", year_9999_s),
                         number_of(state, "jobs", jobs_max), rate_of(state), number_of(state, "at", year_9999_s),
                         !is_dead_here(text)});
    }
    return beats;
}

}  // namespace coupon
