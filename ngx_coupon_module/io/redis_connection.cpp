#include "io/redis_connection.hpp"

#include <utility>

namespace coupon {
namespace {

// From the first SYN to the end of the login, a sentinel's answer included.
constexpr ngx_msec_t kConnect_ms = 2000;

std::string peer_name(const RedisOptions& options) {
    return options.sentinel.empty() ? "Redis " + options.addresses.front().text
                                    : "Redis master \"" + options.sentinel + "\"";
}

}  // namespace

RedisConnection::RedisConnection(const RedisOptions& options, ngx_log_t* log,
                                 std::function<void()> on_ready, std::function<void()> on_lost)
    : options_(options),
      outage_(log, peer_name(options)),
      on_ready_(std::move(on_ready)),
      on_lost_(std::move(on_lost)),
      link_(
          log, [this] { opened(); }, [this](std::string_view reason) { closed(reason); }),
      connect_timer_(log, Timer::AtExit::cancelable,
                     [this] { link_.close("connecting or logging in took longer than 2 s"); }),
      retry_timer_(log, Timer::AtExit::cancelable, [this] { attempt(); }) {}

void RedisConnection::start() {
    attempt();
}

void RedisConnection::attempt() {
    at_master_ = options_.sentinel.empty();
    std::string error;
    if (link_.open(options_.addresses[next_address_ % options_.addresses.size()], error)) {
        connect_timer_.start(kConnect_ms);
    } else {
        closed(error);
    }
}

void RedisConnection::opened() {
    at_master_ ? log_in() : ask_sentinel();
}

void RedisConnection::closed(std::string_view reason) {
    connect_timer_.stop();
    const bool was_ready = std::exchange(ready_, false);
    if (!was_ready) {
        ++next_address_;
    }
    retry_timer_.start(outage_.failed(reason));
    if (was_ready) {
        on_lost_();
    }
}

void RedisConnection::ask_sentinel() {
    link_.send(make_command({"SENTINEL", "get-master-addr-by-name", options_.sentinel}),
               kConnect_ms, [this](const RedisReply* reply) { go_to_master(reply); });
}

void RedisConnection::go_to_master(const RedisReply* reply) {
    if (reply == nullptr) {
        return;
    }
    if (reply->size() != 2) {
        link_.close(reply->is_error() ? "sentinel: " + std::string(reply->error())
                                      : std::string("the sentinel knows no master of this name"));
        return;
    }
    const auto address =
        numeric_address(std::string(reply->at(0).text()), std::string(reply->at(1).text()));
    if (!address) {
        link_.close("the sentinel names the master by host name, set announce-hostnames no");
        return;
    }
    at_master_ = true;
    std::string error;
    if (!link_.open(*address, error)) {
        closed(error);
    }
}

void RedisConnection::expect(std::initializer_list<std::string_view> words, const char* what) {
    link_.send(make_command(words), kConnect_ms, [this, what](const RedisReply* reply) {
        if (reply != nullptr && reply->is_error()) {
            link_.close(std::string(what) + " refused: " + std::string(reply->error()));
        }
    });
}

void RedisConnection::log_in() {
    if (!options_.user.empty()) {
        expect({"AUTH", options_.user, options_.password}, "login");
    } else if (!options_.password.empty()) {
        expect({"AUTH", options_.password}, "login");
    }
    if (options_.database != 0) {
        expect({"SELECT", std::to_string(options_.database)}, "database");
    }
    // A replica takes no pushes; a user without the right to ask ROLE learns it from the first one.
    link_.send(make_command({"ROLE"}), kConnect_ms, [this](const RedisReply* reply) {
        if (reply != nullptr && reply->size() > 0 && reply->at(0).text() != "master") {
            link_.close("it is a read-only replica");
        }
    });
    // Unlike the others, PING is refused while Redis loads its data.
    link_.send(make_command({"PING"}), kConnect_ms, [this](const RedisReply* reply) {
        if (reply == nullptr) {
            return;
        }
        if (reply->is_error()) {
            link_.close(reply->error());
            return;
        }
        became_ready();
    });
}

void RedisConnection::became_ready() {
    connect_timer_.stop();
    ready_ = true;
    outage_.over();
    on_ready_();
}

bool RedisConnection::command_formatted(std::string_view wire, ngx_msec_t deadline_ms,
                                        ReplyCallback callback) {
    return ready_ && link_.send(wire, deadline_ms, std::move(callback));
}

bool RedisConnection::command(std::initializer_list<std::string_view> words, ngx_msec_t deadline_ms,
                              ReplyCallback callback) {
    return command_formatted(make_command(words), deadline_ms, std::move(callback));
}

}  // namespace coupon
