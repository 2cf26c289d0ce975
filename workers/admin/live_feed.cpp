#include "admin/live_feed.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

namespace coupon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds look_every{2};
constexpr std::chrono::seconds ping_every{15};

}  // namespace

std::string event_text(const std::string& event, std::string_view data) {
    std::string text = "event: " + event + "\n";
    while (true) {
        const auto end = data.find('\n');
        text += "data: " + std::string(data.substr(0, end)) + "\n";
        if (end == std::string_view::npos) {
            return text + "\n";
        }
        data.remove_prefix(end + 1);
    }
}

std::string without_time(const std::string& json) {
    auto value = nlohmann::json::parse(json, nullptr, false);
    if (!value.is_object()) {
        return json;
    }
    value.erase("at");
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

LiveFeed::LiveFeed(Connections& connections, Look look, const Log& log)
    : connections_(connections), look_(std::move(look)), log_(log), thread_([this] { run(); }) {}

LiveFeed::~LiveFeed() {
    stop();
}

bool LiveFeed::add(ConnectionId id, std::string head, std::function<bool()> stands) {
    {
        const std::lock_guard lock(mutex_);
        drop_gone();
        if (stopping_ || listeners_.size() >= listeners_max) {
            return false;
        }
        listeners_.emplace(id, Listener{std::move(stands)});
        count_ = listeners_.size();
        newcomer_ = true;
        // Last: who has seen the head is counted.
        connections_.open_stream(id, std::move(head));
    }
    wake_.notify_one();
    return true;
}

void LiveFeed::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) {
        thread_.join();
    }
    const std::lock_guard lock(mutex_);
    for (const auto& [id, listener] : listeners_) {
        connections_.close(id);
    }
    listeners_.clear();
    count_ = 0;
}

void LiveFeed::run() {
    auto next_ping = Clock::now() + ping_every;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        wake_.wait_for(lock, look_every, [this] { return newcomer_ || stopping_; });
        newcomer_ = false;
        drop_gone();
        if (stopping_ || listeners_.empty()) {
            continue;
        }
        lock.unlock();
        look_now();
        lock.lock();
        const bool ping = Clock::now() >= next_ping;
        if (ping) {
            next_ping = Clock::now() + ping_every;
        }
        tell(ping);
    }
}

// Those that left, and those whose session or token is over.
void LiveFeed::drop_gone() {
    std::erase_if(listeners_, [this](const auto& entry) {
        const auto& [id, listener] = entry;
        if (!connections_.is_streaming(id)) {
            return true;
        }
        if (listener.stands()) {
            return false;
        }
        connections_.close(id);
        return true;
    });
    count_ = listeners_.size();
}

void LiveFeed::look_now() {
    try {
        for (auto& snapshot : look_()) {
            auto& known = known_[snapshot.event];
            auto compared = without_time(snapshot.data);
            known.changed = known.changed || compared != known.compared;
            known.compared = std::move(compared);
            known.data = std::move(snapshot.data);
        }
        failing_ = false;
    } catch (const std::exception& error) {
        if (!std::exchange(failing_, true)) {
            log_.warn("live events stand still until their source answers",
                      {{"error", error.what()}});
        }
    }
}

void LiveFeed::tell(bool ping) {
    std::string all, changed;
    for (auto& [event, known] : known_) {
        const auto text = event_text(event, known.data);
        all += text;
        if (std::exchange(known.changed, false)) {
            changed += text;
        }
    }
    if (ping) {
        all += ": ping\n\n";
        changed += ": ping\n\n";
    }
    for (auto& [id, listener] : listeners_) {
        const auto& text = std::exchange(listener.is_new, false) ? all : changed;
        if (!text.empty()) {
            connections_.send(id, text);
        }
    }
}

}  // namespace coupon
