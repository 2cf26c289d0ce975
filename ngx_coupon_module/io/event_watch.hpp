// Level-triggered read and write interest of NGINX's event loop in one socket.
#pragma once

#include "nginx.hpp"

#include <functional>

namespace coupon {

class EventWatch {
  public:
    // The handlers may close or reopen the watch; they must not destroy it.
    EventWatch(ngx_log_t* log, std::function<void()> on_readable,
               std::function<void()> on_writable);
    ~EventWatch() { close(); }
    EventWatch(const EventWatch&) = delete;
    EventWatch& operator=(const EventWatch&) = delete;

    // Takes `fd` over: it is closed with the watch, and at once on failure. False when NGINX has
    // no free connection. A watch that is open is closed first.
    bool adopt(int fd) noexcept;

    // Watches a duplicate of `fd`, for a library that closes its own socket whenever it likes.
    bool duplicate(int fd) noexcept;

    // What to report from now on; an error or hang-up is reported as either. False on failure.
    bool want(bool readable, bool writable) noexcept;

    void close() noexcept;
    bool is_open() const noexcept { return connection_ != nullptr; }
    int fd() const noexcept { return connection_->fd; }

  private:
    static void readable(ngx_event_t* event) noexcept;
    static void writable(ngx_event_t* event) noexcept;
    static bool set_interest(ngx_event_t* event, ngx_int_t kind, bool wanted) noexcept;

    ngx_log_t* log_;
    std::function<void()> on_readable_;
    std::function<void()> on_writable_;
    ngx_connection_t* connection_ = nullptr;
};

}  // namespace coupon
