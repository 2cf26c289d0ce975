#include "runtime/heartbeat.hpp"

#include <signal.h>

#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/clock.hpp"
#include "runtime/installation.hpp"

namespace coupon {
namespace {

constexpr std::chrono::seconds beat_every{5};
constexpr std::string_view expire_s = "30";
constexpr int redis_timeout_ms = 3000;

// A script, because only a script may write when Redis is out of memory, and then the worker must
// go on draining it.
const RedisScript& beat_script() {
    static const RedisScript script(
        "#!lua flags=allow-oom\n"
        "return redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])");
    return script;
}

}  // namespace

std::string heartbeat_key(const std::string& worker_id) {
    return "worker:heartbeat:" + worker_id;
}

Heartbeat::Heartbeat(const RedisAddress& address, WorkerIdentity identity, const Log& log)
    : redis_(address, redis_timeout_ms),
      identity_(std::move(identity)),
      log_(log),
      started_s_(std::chrono::duration_cast<std::chrono::seconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count()) {
    // The first beat is sent before anything is claimed: a claim without a heartbeat would be given
    // back at once.
    beat(0);
    thread_ = std::thread([this] { run(); });
}

Heartbeat::~Heartbeat() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    try {
        redis_.command({"DEL", heartbeat_key(identity_.id)});
    } catch (const std::exception&) {
        // It expires by itself.
    }
}

double Heartbeat::age_s() const noexcept {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - taken_.load()).count();
}

void Heartbeat::run() {
    std::unique_lock lock(mutex_);
    auto last = std::chrono::steady_clock::now();
    while (!wake_.wait_for(lock, beat_every, [this] { return stopping_; })) {
        lock.unlock();
        const auto now = std::chrono::steady_clock::now();
        beat(std::chrono::duration<double>(now - last).count());
        last = now;
        lock.lock();
    }
}

void Heartbeat::beat(double seconds) {
    const auto jobs = jobs_.load();
    const double rate =
        seconds > 0 ? static_cast<double>(jobs - jobs_at_last_beat_) / seconds : 0.0;
    jobs_at_last_beat_ = jobs;
    const nlohmann::json state{{"role", identity_.role},
                               {"host", identity_.host},
                               {"pid", identity_.pid},
                               {"pid_scope", identity_.pid_scope},
                               {"version", program_version},
                               {"started", started_s_},
                               {"jobs", jobs},
                               {"rate", rate},
                               {"at", unix_now_s()}};
    try {
        redis_.run(beat_script(), {heartbeat_key(identity_.id)}, {state.dump(), expire_s});
        taken_.store(std::chrono::steady_clock::now());
        failing_ = false;
    } catch (const std::exception& failure) {
        if (!std::exchange(failing_, true)) {
            log_.warn("the heartbeat cannot be sent; it is tried every 5 s",
                      {{"error", failure.what()}});
        }
    }
}

bool is_dead_here(std::string_view heartbeat_json) {
    const auto state = nlohmann::json::parse(heartbeat_json, nullptr, false);
    if (!state.is_object() || !state.contains("pid") || !state.contains("pid_scope")) {
        return false;
    }
    const auto& pid = state["pid"];
    const auto& scope = state["pid_scope"];
    const auto own_scope = current_pid_scope();
    return !own_scope.empty() && scope == own_scope && pid.is_number_unsigned() &&
           ::kill(pid.get<pid_t>(), 0) != 0 && errno == ESRCH;
}

}  // namespace coupon
