// The worker's lasting connection to Redis: finds the server (through sentinels where told), logs
// in, and comes back by itself after every loss.
#pragma once

#include "io/outage.hpp"
#include "io/redis_link.hpp"
#include "io/redis_options.hpp"

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

namespace coupon {

class RedisConnection {
  public:
    using ReplyCallback = RedisLink::ReplyCallback;

    // `options` must outlive the connection. on_ready runs on every connect, after login; on_lost
    // once for each on_ready, after the callbacks of everything unanswered. Neither may throw nor
    // destroy the connection, nor may a ReplyCallback. Destruction runs no callback.
    RedisConnection(const RedisOptions& options, ngx_log_t* log, std::function<void()> on_ready,
                    std::function<void()> on_lost);

    void start();
    bool ready() const noexcept { return ready_ && link_.is_open(); }

    // One command in wire format (redis_reply.hpp). `callback` runs exactly once and never inside
    // this call: with the reply (an error reply too), or with null when the connection was lost or
    // no reply came in `deadline_ms`; then the command may or may not have been carried out. A
    // command that is late closes the connection, so deadlines are for a hung server, not a busy
    // one. False, and no callback: not connected, or 4096 commands or 8 MB outstanding.
    // After LOADING, READONLY or MASTERDOWN the connection closes and the server is looked for
    // anew. A command above 8 MB is taken when nothing else waits to leave.
    bool command_formatted(std::string_view wire, ngx_msec_t deadline_ms, ReplyCallback callback);
    bool command(std::initializer_list<std::string_view> words, ngx_msec_t deadline_ms,
                 ReplyCallback callback);

    // Why Redis is away, for a status page; empty while it is connected.
    const std::string& outage_reason() const noexcept { return outage_.reason(); }

  private:
    void attempt();
    void opened();
    void closed(std::string_view reason);
    void ask_sentinel();
    void go_to_master(const RedisReply* reply);
    void log_in();
    void expect(std::initializer_list<std::string_view> words, const char* what);
    void became_ready();

    const RedisOptions& options_;
    Outage outage_;
    std::function<void()> on_ready_;
    std::function<void()> on_lost_;
    bool ready_ = false;
    bool at_master_ = false;  // the link leads to Redis itself, not to a sentinel
    size_t next_address_ = 0;
    RedisLink link_;
    Timer connect_timer_;
    Timer retry_timer_;
};

}  // namespace coupon
