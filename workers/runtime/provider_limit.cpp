#include "runtime/provider_limit.hpp"

#include <algorithm>
#include <cctype>

#include "runtime/environment.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// A Redis that hangs holds up everything that is in flight for so long, once per back-off.
constexpr int redis_timeout_ms = 200;
constexpr milliseconds pause_max = std::chrono::hours(1);
// While a shared pause runs Redis is asked so often whether an operator has lifted it.
constexpr std::chrono::seconds pause_look{1};
// Between two looks at a limit that lets through one call after the other.
constexpr milliseconds look_again{20};

// All times in microseconds of the server's clock. A theoretical arrival time that is further ahead
// than an empty bucket was written before the clock was set back.
const RedisScript& acquire_script() {
    static const RedisScript script(R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local state = redis.call('HMGET', KEYS[1], 'tat', 'stop')
local stop = tonumber(state[2]) or 0
if stop > now then return {0, stop - now, 1} end
if interval == 0 then return {wanted, 0, 0} end
local latest = now + burst * interval
local tat = math.min(math.max(tonumber(state[1]) or 0, now), latest)
local taken = math.min(wanted, math.floor((latest - tat) / interval))
if taken > 0 then
    tat = tat + taken * interval
    redis.call('HSET', KEYS[1], 'tat', string.format('%.0f', tat))
    redis.call('PEXPIRE', KEYS[1], math.ceil((tat - now) / 1000) + 1000)
end
return {taken, math.ceil(math.max(tat + interval - latest, 0)), 0})");
    return script;
}

const RedisScript& put_back_script() {
    static const RedisScript script(R"(
local tat = tonumber(redis.call('HGET', KEYS[1], 'tat'))
if tat then
    redis.call('HSET', KEYS[1], 'tat', string.format('%.0f', tat - ARGV[1] * ARGV[2]))
end)");
    return script;
}

const RedisScript& pause_script() {
    static const RedisScript script(R"(
local time = redis.call('TIME')
local stop = time[1] * 1000000 + time[2] + ARGV[1]
if stop > (tonumber(redis.call('HGET', KEYS[1], 'stop')) or 0) then
    redis.call('HSET', KEYS[1], 'stop', string.format('%.0f', stop))
    local life = math.ceil(ARGV[1] / 1000) + 1000
    if redis.call('PTTL', KEYS[1]) < life then redis.call('PEXPIRE', KEYS[1], life) end
end)");
    return script;
}

std::uint64_t as_ns(std::chrono::steady_clock::time_point time) {
    return static_cast<std::uint64_t>(
        duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

}  // namespace

ProviderLimit::ProviderLimit(const RedisAddress& redis, std::string provider,
                             std::optional<RateLimit> rate, const Log& log)
    : redis_(redis, redis_timeout_ms),
      provider_(std::move(provider)),
      key_("ratelimit:provider:" + provider_),
      rate_(rate),
      log_(log) {}

int ProviderLimit::acquire(int wanted) {
    wait_ = milliseconds(0);
    if (wanted <= 0) {
        return 0;
    }
    const auto now = Clock::now();
    const bool paused = now < paused_until_;
    if (paused) {
        share_pause(now);
        wait_ = std::chrono::ceil<milliseconds>(paused_until_ - now);
        if (!pause_shared_ || now < pause_due_) {
            return 0;
        }
        pause_due_ = now + pause_look;
    }
    int taken = 0;
    if (!ask_redis([&] { taken = acquire_shared(wanted); })) {
        return paused ? 0 : acquire_alone(wanted, now);
    }
    if (rate_) {
        own_tat_ns_ = gcra_advance(*rate_, own_tat_ns_, as_ns(now), static_cast<unsigned>(taken));
    }
    return taken;
}

int ProviderLimit::acquire_shared(int wanted) {
    const auto burst = std::to_string(rate_ ? rate_->burst : 0);
    const auto reply =
        redis_.run(acquire_script(), {key_}, {interval_us(), burst, std::to_string(wanted)});
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
        throw RedisRefused("the limit's script gave no answer");
    }
    const auto number = [&reply](std::size_t i) { return reply->element[i]->integer; };
    const auto taken = static_cast<int>(std::clamp<long long>(number(0), 0, wanted));
    const microseconds for_one(
        std::clamp<long long>(number(1), 0, microseconds(pause_max).count()));
    if (number(2) != 0) {
        paused_until_ = Clock::now() + for_one;
        pause_shared_ = true;
        pause_due_ = Clock::now() + pause_look;
        wait_ = std::chrono::ceil<milliseconds>(for_one);
    } else {
        paused_until_ = {};
        wait_ = milliseconds(0);
        set_wait(for_one, wanted - taken);
    }
    return taken;
}

int ProviderLimit::acquire_alone(int wanted, Clock::time_point now) {
    if (!rate_) {
        return wanted;
    }
    const auto now_ns = as_ns(now);
    int taken = 0;
    while (taken < wanted) {
        const auto decision = gcra_check(*rate_, own_tat_ns_, now_ns);
        if (!decision.allowed) {
            break;
        }
        own_tat_ns_ = decision.new_tat_ns;
        ++taken;
    }
    const auto next = std::max(own_tat_ns_, now_ns) + rate_->interval_ns;
    const auto latest = now_ns + rate_->burst * rate_->interval_ns;
    set_wait(microseconds(next > latest ? (next - latest) / 1000 + 1 : 0), wanted - taken);
    return taken;
}

void ProviderLimit::put_back(int unused) {
    if (!rate_ || unused <= 0) {
        return;
    }
    const auto given_ns = static_cast<std::uint64_t>(unused) * rate_->interval_ns;
    own_tat_ns_ -= std::min(own_tat_ns_, given_ns);
    ask_redis([&] {
        redis_.run(put_back_script(), {key_}, {std::to_string(unused), interval_us()});
    });
}

void ProviderLimit::stop_for(std::chrono::milliseconds pause) {
    const auto now = Clock::now();
    const auto until = now + std::clamp(pause, milliseconds(0), pause_max);
    if (until <= paused_until_) {
        return;
    }
    paused_until_ = until;
    pause_shared_ = false;
    share_pause(now);
}

void ProviderLimit::share_pause(Clock::time_point now) {
    if (pause_shared_) {
        return;
    }
    const auto left = std::to_string(duration_cast<microseconds>(paused_until_ - now).count());
    pause_shared_ = ask_redis([&] { redis_.run(pause_script(), {key_}, {left}); });
    pause_due_ = now + pause_look;
}

// For a while that lets several through where several are missing, so that a fast limit is not
// asked after each single one.
void ProviderLimit::set_wait(microseconds for_one, int missing) {
    if (missing <= 0 || !rate_) {
        return;
    }
    const auto for_more = microseconds(rate_->interval_ns / 1000) * (missing - 1);
    const auto enough = std::max<microseconds>(for_one, look_again);
    wait_ = std::max(milliseconds(1),
                     std::chrono::ceil<milliseconds>(std::min(for_one + for_more, enough)));
}

bool ProviderLimit::ask_redis(const std::function<void()>& ask) {
    if (Clock::now() < redis_due_) {
        return false;
    }
    std::string why;
    try {
        ask();
        if (!backoff_.fresh()) {
            log_.info("Redis answers again; the provider's limit is shared",
                      {{"provider", provider_}});
            backoff_.reset();
        }
        return true;
    } catch (const RedisUnavailable& failure) {
        why = failure.what();
    } catch (const RedisRefused& failure) {
        why = failure.what();
    }
    if (backoff_.fresh()) {
        log_.warn("Redis does not answer; this process keeps to the provider's limit on its own",
                  {{"provider", provider_}, {"error", why}});
    }
    redis_due_ = Clock::now() + milliseconds(backoff_.next_ms());
    return false;
}

std::string ProviderLimit::interval_us() const {
    if (!rate_) {
        return "0";
    }
    return std::to_string(rate_->interval_ns / 1000) + "." +
           std::to_string(1000 + rate_->interval_ns % 1000).substr(1);
}

std::optional<RateLimit> configured_provider_rate(const std::string& name) {
    std::string variable = name + "_rate";
    std::transform(variable.begin(), variable.end(), variable.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const auto text = environment_value(variable);
    if (!text) {
        return std::nullopt;
    }
    const auto rate = parse_rate_limit(*text);
    if (!rate) {
        throw ConfigError(variable + " must be a rate such as 100r/s or 600r/m");
    }
    return rate;
}

}  // namespace coupon
