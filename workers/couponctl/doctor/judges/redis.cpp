#include "couponctl/doctor/judges/redis.hpp"

#include <charconv>

#include "couponctl/doctor/judges/sizes.hpp"

namespace coupon::doctor {
namespace {

constexpr std::int64_t slow_us = 5'000;
constexpr int version_least_major = 6;  // what is tested; Debian 12 has 7
constexpr int full_percent = 80;
constexpr int brim_percent = 95;

class Info {
  public:
    explicit Info(const std::map<std::string, std::string>& values) : values_(values) {}

    [[nodiscard]] std::string text(const std::string& name) const {
        const auto found = values_.find(name);
        return found == values_.end() ? "" : found->second;
    }
    [[nodiscard]] std::int64_t number(const std::string& name) const {
        const auto value = text(name);
        std::int64_t number = 0;
        std::from_chars(value.data(), value.data() + value.size(), number);
        return number;
    }

  private:
    const std::map<std::string, std::string>& values_;
};

void judge_server(const Info& info, Notes& notes) {
    const auto version = info.text("redis_version");
    if (info.number("redis_version") < version_least_major) {
        notes.warn("version " + version + " is older than what is tested",
                   "install Redis 6.2 or later");
    } else {
        notes.fine("version " + version);
    }
    if (info.text("role") != "master") {
        notes.problem("it is a " + info.text("role") + ", which takes nothing",
                      "point REDIS_URL at the master, or at the sentinels: "
                      "redis+sentinel://host:port,…/<name>/<db>");
    }
    if (info.number("loading") != 0) {
        notes.warn("it still loads its data and takes nothing meanwhile", "wait, and ask again");
    }
    if (info.number("cluster_enabled") != 0) {
        notes.problem("it is a cluster, which is not supported",
                      "use one server, with sentinels where it must not fail");
    }
}

void judge_memory(const Info& info, Notes& notes) {
    const auto policy = info.text("maxmemory_policy");
    const auto most = info.number("maxmemory");
    const auto used = info.number("used_memory");
    const std::string set_policy =
        "redis-cli CONFIG SET maxmemory-policy noeviction && redis-cli CONFIG REWRITE";
    if (policy == "noeviction") {
        notes.fine("maxmemory-policy noeviction");
    } else if (most > 0) {
        notes.problem("maxmemory-policy " + policy + " throws queues away when memory is short",
                      set_policy);
    } else {
        notes.warn("maxmemory-policy " + policy +
                       " would throw queues away once there is a maxmemory",
                   set_policy);
    }
    if (most > 0 && used * 100 >= most * full_percent) {
        const auto what = "it uses " + size_text(static_cast<std::uint64_t>(used)) + " of " +
                          size_text(static_cast<std::uint64_t>(most));
        const std::string remedy =
            "couponctl queues says what waits; start more workers, or raise maxmemory";
        used * 100 >= most * brim_percent ? notes.problem(what, remedy) : notes.warn(what, remedy);
    }
}

void judge_persistence(const Info& info, const std::optional<std::string>& save, Notes& notes) {
    const bool appends = info.number("aof_enabled") != 0;
    if (appends) {
        notes.fine("appendonly yes");
    } else if (save && save->empty()) {
        notes.warn("it keeps nothing: e-mail and SMS jobs that were just pushed are lost when it stops",
                   "redis-cli CONFIG SET appendonly yes && redis-cli CONFIG REWRITE");
    } else {
        notes.warn("it only saves now and then: a kill loses the jobs since its last save",
                   "redis-cli CONFIG SET appendonly yes && redis-cli CONFIG REWRITE");
    }
    if (info.text("rdb_last_bgsave_status") == "err") {
        notes.problem("its last save failed, and by default it takes nothing until one succeeds",
                      "look into its log; is its disk full?");
    }
    if (appends && info.text("aof_last_write_status") == "err") {
        notes.problem("it cannot write its appendonly file", "look into its log; is its disk full?");
    }
}

void judge_clients(const Info& info, Notes& notes) {
    const auto most = info.number("maxclients");
    const auto now = info.number("connected_clients");
    const auto what = std::to_string(now) + " of " + std::to_string(most) + " clients";
    if (most == 0 || now * 100 < most * full_percent) {
        notes.fine(what);
    } else if (now * 100 < most * brim_percent) {
        notes.warn(what, "redis-cli CONFIG SET maxclients " + std::to_string(2 * most));
    } else {
        notes.problem(what + ": the next ones are refused",
                      "redis-cli CONFIG SET maxclients " + std::to_string(2 * most));
    }
}

}  // namespace

Findings judge_redis(const RedisFacts& facts) {
    Notes notes("Redis", facts.where);
    if (!facts.failure.empty()) {
        notes.problem(facts.failure,
                      "systemctl status redis-server; does REDIS_URL name its address, user and "
                      "password?");
        return notes.take();
    }
    const Info info(facts.info);
    judge_server(info, notes);
    judge_memory(info, notes);
    judge_persistence(info, facts.save, notes);
    judge_clients(info, notes);
    const auto latency = "it answers after " + std::to_string(facts.latency_us) + " µs";
    if (facts.latency_us > slow_us) {
        notes.warn(latency, "put it near the workers; is its machine busy (redis-cli SLOWLOG GET)?");
    } else {
        notes.fine(latency);
    }
    return notes.take();
}

}  // namespace coupon::doctor
