#include "couponctl/doctor/look_redis.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "couponctl/doctor/asked_clock.hpp"
#include "couponctl/settings.hpp"
#include "operations/redis_state.hpp"
#include "runtime/error.hpp"

namespace coupon::doctor {
namespace {

using steady = std::chrono::steady_clock;

constexpr int timeout_ms = 3000;

std::map<std::string, std::string> read_info(std::string_view text) {
    std::map<std::string, std::string> info;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && !line.starts_with('#')) {
            info.emplace(line.substr(0, colon), line.substr(colon + 1));
        }
    }
    return info;
}

std::int64_t median_latency_us(RedisConnection& redis) {
    std::array<std::int64_t, 9> samples{};
    for (auto& sample : samples) {
        const auto start = steady::now();
        redis.command({"PING"});
        sample = std::chrono::duration_cast<std::chrono::microseconds>(steady::now() - start).count();
    }
    std::sort(samples.begin(), samples.end());
    return samples[samples.size() / 2];
}

std::int64_t number_in(std::string_view text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

OtherClock read_clock(RedisConnection& redis) {
    return ask_clock("Redis", [&redis]() -> std::int64_t {
        const auto reply = redis.command({"TIME"});
        return reply->elements == 2 ? number_in(reply_text(*reply->element[0])) * 1'000'000 +
                                          number_in(reply_text(*reply->element[1]))
                                    : 0;
    });
}

// A managed Redis may not tell its settings.
std::optional<std::string> read_save(RedisConnection& redis) {
    try {
        const auto reply = redis.command({"CONFIG", "GET", "save"});
        if (reply->elements == 2) {
            return std::string(reply_text(*reply->element[1]));
        }
    } catch (const RedisRefused&) {
        return std::nullopt;
    }
    return std::nullopt;
}

void look_at_workers(RedisConnection& redis, WorkerFacts& facts) {
    for (const auto& beat : read_heartbeats(redis)) {
        facts.running.push_back({beat.id, beat.role, beat.version, beat.alive});
    }
    for (const char* queue : {"clicks", "webhooks", "email", "sms", "cashback"}) {
        const auto depth = look_at_queue(redis, queue).depth;
        if (depth > 0) {
            facts.needed.emplace(queue, std::to_string(depth) + " entries wait in queue:" + queue);
        }
    }
}

}  // namespace

RedisLook look_at_redis() {
    RedisLook look;
    look.facts.where = "REDIS_URL";
    try {
        auto redis = configured_redis(timeout_ms);
        look.facts.where = redis.address().text();
        look.facts.info = read_info(reply_text(*redis.command({"INFO"})));
        look.facts.save = read_save(redis);
        look.facts.latency_us = median_latency_us(redis);
        look.clock = read_clock(redis);
        look_at_workers(redis, look.workers);
    } catch (const std::exception& error) {
        look.facts.failure = error.what();
        look.workers.failure = "Redis does not tell";
    }
    return look;
}

}  // namespace coupon::doctor
