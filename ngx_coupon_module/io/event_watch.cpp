#include "io/event_watch.hpp"

#include "io/log_line.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace coupon {

EventWatch::EventWatch(ngx_log_t* log, std::function<void()> on_readable,
                       std::function<void()> on_writable)
    : log_(log), on_readable_(std::move(on_readable)), on_writable_(std::move(on_writable)) {}

bool EventWatch::adopt(int fd) noexcept {
    close();
    connection_ = ngx_get_connection(fd, log_);
    if (connection_ == nullptr) {
        ::close(fd);
        return false;
    }
    connection_->data = this;
    for (ngx_event_t* event : {connection_->read, connection_->write}) {
        event->log = log_;
        event->handler = event == connection_->read ? readable : writable;
    }
    return true;
}

bool EventWatch::duplicate(int fd) noexcept {
    close();
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy != -1 && adopt(copy);
}

bool EventWatch::want(bool readable, bool writable) noexcept {
    return set_interest(connection_->read, NGX_READ_EVENT, readable) &&
           set_interest(connection_->write, NGX_WRITE_EVENT, writable);
}

bool EventWatch::set_interest(ngx_event_t* event, ngx_int_t kind, bool wanted) noexcept {
    if (wanted == static_cast<bool>(event->active)) {
        return true;
    }
    return (wanted ? ngx_add_event(event, kind, NGX_LEVEL_EVENT) : ngx_del_event(event, kind, 0)) ==
           NGX_OK;
}

void EventWatch::close() noexcept {
    if (connection_ == nullptr) {
        return;
    }
    // NGINX trusts close() to end the kernel's interest, which it does not while the library's
    // own descriptor keeps the socket open: the events would come for ever.
    want(false, false);
    ngx_close_connection(connection_);
    connection_ = nullptr;
}

void EventWatch::readable(ngx_event_t* event) noexcept {
    auto* watch = static_cast<EventWatch*>(static_cast<ngx_connection_t*>(event->data)->data);
    run_guarded(watch->log_, "socket read", watch->on_readable_);
}

void EventWatch::writable(ngx_event_t* event) noexcept {
    auto* watch = static_cast<EventWatch*>(static_cast<ngx_connection_t*>(event->data)->data);
    run_guarded(watch->log_, "socket write", watch->on_writable_);
}

}  // namespace coupon
