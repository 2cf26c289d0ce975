// One socket to one Redis (or sentinel): commands out, replies in, in order. Knows nothing of
// reconnecting. hiredis parses the replies; the socket is ours, so that one closing path suffices.
#pragma once

#include "io/event_watch.hpp"
#include "io/redis_reply.hpp"
#include "io/socket_address.hpp"
#include "io/timer.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct redisReader;

namespace coupon {

class RedisLink {
  public:
    // The reply, or null when there will be none: the link was closed first.
    using ReplyCallback = std::function<void(const RedisReply* reply)>;

    // `on_closed` follows each open() that answered true, unless drop() comes first.
    RedisLink(ngx_log_t* log, std::function<void()> on_open,
              std::function<void(std::string_view reason)> on_closed);
    ~RedisLink() { drop(); }

    // Begins to connect. False with the reason in `error` when that failed at once.
    bool open(const SocketAddress& address, std::string& error);

    // Sends one command in wire format. `callback` runs exactly once, never inside this call: with
    // the reply, or with null when the link closes, which it does when no reply came within
    // `deadline_ms`. False, and no callback, when the link is not open or too much is outstanding.
    bool send(std::string_view command, ngx_msec_t deadline_ms, ReplyCallback callback);

    // The single way down: every callback due runs with null, then on_closed.
    void close(std::string_view reason);

    // Ends without a word to anybody: callbacks due are forgotten.
    void drop() noexcept;

    bool is_open() const noexcept { return state_ == State::open; }

  private:
    enum class State : uint8_t { closed, connecting, open };

    struct Pending {
        ngx_msec_t deadline;
        ReplyCallback callback;
    };

    void on_readable();
    void on_writable();
    void finish_connecting();
    bool deliver_replies();
    std::size_t send_now(std::string_view bytes) noexcept;
    bool flush() noexcept;
    void check_deadlines();

    ngx_log_t* log_;
    std::function<void()> on_open_;
    std::function<void(std::string_view)> on_closed_;
    State state_ = State::closed;
    uint64_t life_ = 0;  // counts openings and closings, so that a loop sees its link was replaced
    EventWatch watch_;
    Timer deadline_timer_;
    ngx_msec_t timer_due_ = 0;
    std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
    std::deque<Pending> pending_;
    std::string out_;
    size_t out_sent_ = 0;
};

}  // namespace coupon
