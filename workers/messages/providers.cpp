#include "messages/providers.hpp"

#include <algorithm>

namespace coupon {
namespace {

using std::chrono::milliseconds;

// A provider that asks for a longer pause than this is left for the next one; for a shorter one the
// messages wait, since each provider costs and writes differently.
constexpr milliseconds patience{30'000};
// However long a limit says there is nothing, it is asked again: an operator may have lifted it.
constexpr milliseconds ask_again{1'000};
constexpr milliseconds wait_least{20};

milliseconds left(Providers::Clock::time_point until, Providers::Clock::time_point now) {
    return std::chrono::duration_cast<milliseconds>(until - now);
}

}  // namespace

Providers::Providers(const std::vector<MessageProvider>& providers, const RedisAddress& redis,
                     const Log& log)
    : log_(log) {
    for (const auto& provider : providers) {
        providers_.emplace_back(provider, redis, log);
    }
}

int Providers::acquire(int wanted) {
    const auto now = Clock::now();
    wait_ = ask_again;
    for (auto& provider : providers_) {
        switch (acquire(provider, wanted, now)) {
            case Grant::given:
                return provider.granted;
            case Grant::soon:
                return 0;
            case Grant::not_soon:
                break;
        }
    }
    return 0;
}

bool Providers::works(std::size_t provider) const {
    return providers_.at(provider).breaker.allows(1, Clock::now()) > 0;
}

std::optional<std::size_t> Providers::choose(const std::vector<std::size_t>& candidates) {
    const auto now = Clock::now();
    wait_ = ask_again;
    for (const auto number : candidates) {
        auto& provider = providers_.at(number);
        const bool has_call = provider.granted > 0 && works(number);
        const auto grant = has_call ? Grant::given : acquire(provider, 1, now);
        if (grant == Grant::given) {
            --provider.granted;
            return number;
        }
        if (grant == Grant::soon) {
            break;
        }
    }
    return std::nullopt;
}

Providers::Grant Providers::acquire(Provider& provider, int wanted, Clock::time_point now) {
    const int allowed = provider.breaker.allows(wanted, now);
    if (allowed == 0) {
        wait_ = std::clamp(left(provider.breaker.opens_at(), now), wait_least, wait_);
        return Grant::not_soon;
    }
    const int room = provider.in_flight_max - provider.in_flight - provider.granted;
    if (room <= 0) {
        wait_ = wait_least;
        return Grant::soon;
    }
    if (now >= provider.refused_until) {
        const int given = provider.limit.acquire(std::min(allowed, room));
        if (given > 0) {
            provider.granted += given;
            return Grant::given;
        }
        const auto pause = std::max(provider.limit.wait(), wait_least);
        provider.refused_until = now + std::min(pause, ask_again);
        provider.stopped = pause > patience;
    }
    wait_ = std::clamp(left(provider.refused_until, now), wait_least, wait_);
    return provider.stopped ? Grant::not_soon : Grant::soon;
}

void Providers::unused(std::size_t provider) {
    ++providers_.at(provider).granted;
}

void Providers::put_back() {
    for (auto& provider : providers_) {
        if (provider.granted > 0) {
            provider.limit.put_back(provider.granted);
            provider.granted = 0;
        }
    }
}

void Providers::begun(std::size_t provider) {
    providers_.at(provider).breaker.begun();
    ++providers_.at(provider).in_flight;
}

void Providers::ended(std::size_t number, const SendOutcome& outcome) {
    auto& provider = providers_.at(number);
    --provider.in_flight;
    switch (outcome.kind) {
        case SendOutcome::Kind::sent:
        case SendOutcome::Kind::permanent:
        case SendOutcome::Kind::not_found:
            provider.breaker.succeeded();
            break;
        case SendOutcome::Kind::down:
        case SendOutcome::Kind::unknown:
            provider.breaker.failed(Clock::now());
            break;
        case SendOutcome::Kind::throttled:
            provider.limit.stop_for(outcome.after.value_or(throttle_pause));
            provider.breaker.undecided();
            break;
        case SendOutcome::Kind::retry:
            provider.breaker.undecided();
            break;
    }
    note_state(provider);
}

void Providers::undecided(std::size_t provider) {
    providers_.at(provider).breaker.undecided();
    --providers_.at(provider).in_flight;
}

void Providers::note_state(Provider& provider) {
    const bool open = provider.breaker.state(Clock::now()) != CircuitBreaker::State::closed;
    if (provider.open.exchange(open) == open) {
        return;
    }
    if (open) {
        log_.warn("a provider does not work; it is called no more until a single call succeeds",
                  {{"provider", provider.name}});
    } else {
        log_.info("a provider works again", {{"provider", provider.name}});
    }
}

const std::string& Providers::name(std::size_t provider) const {
    return providers_.at(provider).name;
}

std::optional<std::size_t> Providers::find(const std::string& name) const {
    for (std::size_t number = 0; number < providers_.size(); ++number) {
        if (providers_[number].name == name) {
            return number;
        }
    }
    return std::nullopt;
}

bool Providers::is_open(std::size_t provider) const {
    return providers_.at(provider).open;
}

}  // namespace coupon
