#include "io/redis_link.hpp"

#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace coupon {
namespace {

constexpr size_t kOutstandingCommands_max = 4096;
constexpr size_t kOutput_bytes_max = 8u << 20;
constexpr size_t kOutputKept_bytes = 1u << 20;
constexpr size_t kReply_bytes_max = 8u << 20;
constexpr size_t kRead_bytes = 64u << 10;

// Answers after which this server is of no use until it, or another one, is asked again.
bool is_fatal(const RedisReply& reply) {
    const auto error = reply.error();
    return error.starts_with("LOADING") || error.starts_with("READONLY") ||
           error.starts_with("MASTERDOWN");
}

// hiredis reserves room for as many elements as a reply announces, up to 16 GB.
constexpr int kReplyElements_max = 100'000;

redisReader* make_reader() {
    redisReader* reader = redisReaderCreate();
    if (reader == nullptr) {
        throw std::bad_alloc();
    }
    static const auto create_array = reader->fn->createArray;
    static redisReplyObjectFunctions bounded = *reader->fn;
    bounded.createArray = [](const redisReadTask* task, int elements) {
        return elements > kReplyElements_max ? nullptr : create_array(task, elements);
    };
    reader->fn = &bounded;
    return reader;
}

std::string error_text(const char* what, int number) {
    return std::string(what) + ": " + std::strerror(number);
}

}  // namespace

RedisLink::RedisLink(ngx_log_t* log, std::function<void()> on_open,
                     std::function<void(std::string_view)> on_closed)
    : log_(log),
      on_open_(std::move(on_open)),
      on_closed_(std::move(on_closed)),
      watch_(
          log, [this] { on_readable(); }, [this] { on_writable(); }),
      deadline_timer_(log, Timer::AtExit::cancelable, [this] { check_deadlines(); }),
      reader_(nullptr, redisReaderFree) {}

bool RedisLink::open(const SocketAddress& address, std::string& error) {
    drop();
    reader_.reset(make_reader());
    const int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        error = error_text("cannot make a socket", errno);
        return false;
    }
    if (address.storage.ss_family != AF_UNIX) {
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    if (connect(fd, address.raw(), address.length) == -1 && errno != EINPROGRESS) {
        error = error_text("cannot connect", errno);
        ::close(fd);
        return false;
    }
    if (!watch_.adopt(fd) || !watch_.want(false, true)) {
        watch_.close();
        error = "NGINX has no free connection (worker_connections)";
        return false;
    }
    ++life_;
    state_ = State::connecting;
    return true;
}

bool RedisLink::send(std::string_view command, ngx_msec_t deadline_ms, ReplyCallback callback) {
    // A command larger than the bound goes out alone: else one large webhook could never be sent.
    const size_t unsent = out_.size() - out_sent_;
    if (state_ != State::open || pending_.size() >= kOutstandingCommands_max ||
        (unsent != 0 && unsent + command.size() > kOutput_bytes_max)) {
        return false;
    }
    if (out_sent_ > kOutputKept_bytes) {
        out_.erase(0, out_sent_);
        out_sent_ = 0;
    }
    // Mostly the kernel takes a command whole, and nothing is copied here.
    out_.append(command.substr(out_.empty() ? send_now(command) : 0));
    const ngx_msec_t due = ngx_current_msec + deadline_ms;
    pending_.push_back({due, std::move(callback)});
    if (!deadline_timer_.running() || static_cast<ngx_msec_int_t>(due - timer_due_) < 0) {
        timer_due_ = due;
        deadline_timer_.start(deadline_ms);
    }
    if (!out_.empty()) {
        watch_.want(true, true);
    }
    return true;
}

// What the kernel takes at once. A failure shows again as a socket event, outside the caller's
// frames.
size_t RedisLink::send_now(std::string_view bytes) noexcept {
    const ssize_t n = ::send(watch_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return n == -1 ? 0 : static_cast<size_t>(n);
}

// False with errno when the connection is broken.
bool RedisLink::flush() noexcept {
    const ssize_t n =
        ::send(watch_.fd(), out_.data() + out_sent_, out_.size() - out_sent_, MSG_NOSIGNAL);
    if (n == -1) {
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    }
    out_sent_ += static_cast<size_t>(n);
    if (out_sent_ < out_.size()) {
        return true;
    }
    out_.clear();
    out_sent_ = 0;
    if (out_.capacity() > kOutputKept_bytes) {
        std::string().swap(out_);
    }
    return watch_.want(true, false);
}

void RedisLink::on_writable() {
    if (state_ == State::connecting) {
        finish_connecting();
    } else if (!flush()) {
        close(error_text("cannot send", errno));
    }
}

void RedisLink::finish_connecting() {
    int failure = 0;
    socklen_t length = sizeof failure;
    if (getsockopt(watch_.fd(), SOL_SOCKET, SO_ERROR, &failure, &length) == -1) {
        failure = errno;
    }
    if (failure != 0) {
        close(error_text("cannot connect", failure));
        return;
    }
    if (!watch_.want(true, false)) {
        close("NGINX cannot watch the socket");
        return;
    }
    state_ = State::open;
    on_open_();
}

void RedisLink::on_readable() {
    if (state_ == State::connecting) {
        finish_connecting();
        return;
    }
    static char buffer[kRead_bytes];  // one event loop a process
    const ssize_t n = recv(watch_.fd(), buffer, sizeof buffer, 0);
    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        close(n == 0 ? std::string("closed by the server") : error_text("cannot receive", errno));
        return;
    }
    if (redisReaderFeed(reader_.get(), buffer, static_cast<size_t>(n)) != REDIS_OK) {
        close(reader_->errstr);
        return;
    }
    if (deliver_replies() && reader_->len - reader_->pos > kReply_bytes_max) {
        close("a reply is larger than 8 MB");
    }
}

// False when the link was closed or replaced meanwhile.
bool RedisLink::deliver_replies() {
    const uint64_t life = life_;
    for (;;) {
        void* raw = nullptr;
        if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
            close(reader_->errstr);
            return false;
        }
        if (raw == nullptr) {
            return true;
        }
        const std::unique_ptr<void, void (*)(void*)> owned(raw, freeReplyObject);
        const RedisReply reply(static_cast<const redisReply*>(raw));
        if (pending_.empty()) {
            // A server over its limit says why before it closes.
            close(reply.is_error() ? reply.error() : "a reply to nothing");
            return false;
        }
        const ReplyCallback callback = std::move(pending_.front().callback);
        pending_.pop_front();
        callback(&reply);
        if (life != life_) {
            return false;
        }
        if (is_fatal(reply)) {
            close(reply.error());
            return false;
        }
    }
}

void RedisLink::check_deadlines() {
    ngx_msec_int_t soonest_ms = -1;
    for (const Pending& one : pending_) {
        const auto left_ms = static_cast<ngx_msec_int_t>(one.deadline - ngx_current_msec);
        if (left_ms <= 0) {
            close("no answer in time");
            return;
        }
        if (soonest_ms == -1 || left_ms < soonest_ms) {
            soonest_ms = left_ms;
        }
    }
    if (soonest_ms != -1) {
        timer_due_ = ngx_current_msec + static_cast<ngx_msec_t>(soonest_ms);
        deadline_timer_.start(static_cast<ngx_msec_t>(soonest_ms));
    }
}

void RedisLink::close(std::string_view reason) {
    if (state_ == State::closed) {
        return;
    }
    const std::string kept_reason(reason);  // may live in the reader that goes away here
    std::deque<Pending> due;
    due.swap(pending_);
    drop();
    for (const Pending& one : due) {
        one.callback(nullptr);
    }
    on_closed_(kept_reason);
}

void RedisLink::drop() noexcept {
    state_ = State::closed;
    ++life_;
    watch_.close();
    deadline_timer_.stop();
    pending_.clear();
    reader_.reset();
    out_.clear();
    out_sent_ = 0;
}

}  // namespace coupon
