// When to try a lost server again, and how often to say that it is lost.
#pragma once

#include "nginx.hpp"

#include <string>
#include <string_view>

namespace coupon {

class Outage {
  public:
    // `peer` names the server in log lines: "Redis 127.0.0.1:6379".
    Outage(ngx_log_t* log, std::string peer) : log_(log), peer_(std::move(peer)) {}

    // A connection or an attempt failed. Logs the first failure and each new reason, never every
    // retry. Answers the pause before the next attempt: 50 ms doubling to 1 s, with jitter.
    ngx_msec_t failed(std::string_view reason);

    // A connection stands; logged when its outage was.
    void over();

    // Why the server is away now; empty while it is connected.
    const std::string& reason() const noexcept { return reason_; }

  private:
    bool worth_logging(std::string_view reason) const noexcept;

    ngx_log_t* log_;
    std::string peer_;
    std::string reason_;
    std::string logged_reason_;
    ngx_msec_t logged_at_ms_ = 0;
    ngx_msec_t up_since_ms_ = 0;
    ngx_msec_t pause_ms_ = 0;
    bool announced_ = false;  // this outage has a line in the log
};

}  // namespace coupon
