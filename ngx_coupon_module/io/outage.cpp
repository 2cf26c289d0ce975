#include "io/outage.hpp"

#include "io/log_line.hpp"

#include <algorithm>

namespace coupon {
namespace {

constexpr ngx_msec_t kFirstPause_ms = 50;
constexpr ngx_msec_t kLongestPause_ms = 1000;
// A connection lost sooner than this was none: the pauses go on growing.
constexpr ngx_msec_t kStable_ms = 5000;
// A server that flaps, or whose reason does, must not fill the log.
constexpr ngx_msec_t kQuiet_ms = 10'000;

// A server's own words: neither lines nor terminal codes of its making belong into the log.
std::string printable(std::string_view text) {
    std::string safe(text.empty() ? "no reason given" : text);
    std::ranges::replace_if(
        safe, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
    return safe;
}

}  // namespace

bool Outage::worth_logging(std::string_view reason) const noexcept {
    const bool quiet = !logged_reason_.empty() && ngx_current_msec - logged_at_ms_ < kQuiet_ms;
    const bool outage_begins = reason_.empty();
    return outage_begins ? !quiet || reason != logged_reason_ : !quiet && reason != logged_reason_;
}

ngx_msec_t Outage::failed(std::string_view told) {
    const std::string reason = printable(told);
    if (worth_logging(reason)) {
        log_line(NGX_LOG_ERR, log_, peer_ + " is away, trying on: " + reason);
        logged_reason_ = reason;
        logged_at_ms_ = ngx_current_msec;
        announced_ = true;
    }
    const bool was_stable = reason_.empty() && ngx_current_msec - up_since_ms_ >= kStable_ms;
    pause_ms_ =
        was_stable || pause_ms_ == 0 ? kFirstPause_ms : std::min(pause_ms_ * 2, kLongestPause_ms);
    reason_ = reason;
    return pause_ms_ / 2 + static_cast<ngx_msec_t>(ngx_random()) % pause_ms_;
}

void Outage::over() {
    if (announced_) {
        log_line(NGX_LOG_NOTICE, log_, peer_ + " is connected again");
        announced_ = false;
    }
    reason_.clear();
    up_since_ms_ = ngx_current_msec;
}

}  // namespace coupon
