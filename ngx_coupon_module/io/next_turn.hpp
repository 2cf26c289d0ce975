// Work to go on with on the next turn of the event loop, after everybody else had theirs.
#pragma once

#include "nginx.hpp"

#include <functional>

namespace coupon {

class NextTurn {
  public:
    NextTurn(ngx_log_t* log, std::function<void()> on_turn);
    ~NextTurn() { cancel(); }
    NextTurn(const NextTurn&) = delete;
    NextTurn& operator=(const NextTurn&) = delete;

    // Runs the function once on the next turn; asking again before that changes nothing.
    void ask() noexcept;
    void cancel() noexcept;
    bool asked() const noexcept { return event_.posted; }

  private:
    static void run(ngx_event_t* event) noexcept;

    ngx_event_t event_{};
    std::function<void()> on_turn_;
};

}  // namespace coupon
