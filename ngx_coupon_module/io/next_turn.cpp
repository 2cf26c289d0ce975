#include "io/next_turn.hpp"

#include "io/log_line.hpp"

#include <utility>

namespace coupon {

NextTurn::NextTurn(ngx_log_t* log, std::function<void()> on_turn) : on_turn_(std::move(on_turn)) {
    event_.data = this;
    event_.log = log;
    event_.handler = run;
}

void NextTurn::ask() noexcept {
    ngx_post_event(&event_, &ngx_posted_next_events);
}

void NextTurn::cancel() noexcept {
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
}

void NextTurn::run(ngx_event_t* event) noexcept {
    auto* turn = static_cast<NextTurn*>(event->data);
    run_guarded(event->log, "work on the event loop", turn->on_turn_);
}

}  // namespace coupon
