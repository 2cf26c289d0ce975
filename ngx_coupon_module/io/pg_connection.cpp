#include "io/pg_connection.hpp"

#include "io/log_line.hpp"

#include <libpq-fe.h>

#include <utility>

namespace coupon {
namespace {

constexpr ngx_msec_t kConnect_ms = 5000;
constexpr ngx_msec_t kListen_ms = 5000;
constexpr ngx_msec_t kIdle_ms = 60'000;
constexpr size_t kWaitingStatements_max = 256;

// libpq's connection messages run over several lines.
std::string one_line(const char* message) {
    std::string line = message == nullptr ? "" : message;
    while (!line.empty() && line.back() == '\n') {
        line.pop_back();
    }
    for (char& c : line) {
        c = c == '\n' || c == '\t' ? ' ' : c;
    }
    return line.empty() ? "connection lost" : line;
}

void log_notice(void* log, const char* message) {
    log_line(NGX_LOG_INFO, static_cast<ngx_log_t*>(log), "PostgreSQL says: " + one_line(message));
}

}  // namespace

PgConnection::PgConnection(const PostgresOptions& options, Mode mode, ngx_log_t* log,
                           std::function<void()> on_ready, std::function<void()> on_lost)
    : log_(log),
      options_(options),
      mode_(mode),
      outage_(log, "PostgreSQL " + options.shown),
      on_ready_(std::move(on_ready)),
      on_lost_(std::move(on_lost)),
      conn_(nullptr, PQfinish),
      watch_(
          log, [this] { on_socket(); }, [this] { on_socket(); }),
      connect_timer_(log, Timer::AtExit::cancelable,
                     [this] { close("connecting took longer than 5 s"); }),
      deadline_timer_(log, Timer::AtExit::cancelable, [this] { check_deadlines(); }),
      retry_timer_(log, Timer::AtExit::cancelable,
                   [this] {
                       state_ = State::idle;
                       if (mode_ == Mode::lasting || !statements_.empty()) {
                           connect();
                       }
                   }),
      idle_timer_(log, Timer::AtExit::cancelable, [this] {
          release();
          state_ = State::idle;
          if (on_lost_) {
              on_lost_();
          }
      }) {}

PgConnection::~PgConnection() {
    release();
}

void PgConnection::start() {
    connect();
}

// --- connecting ------------------------------------------------------------------------------

void PgConnection::connect() {
    std::vector<const char*> keywords, values;
    for (const auto& [keyword, value] : options_.settings) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    state_ = State::connecting;
    conn_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (conn_ == nullptr || PQstatus(conn_.get()) == CONNECTION_BAD) {
        close(conn_ ? one_line(PQerrorMessage(conn_.get())) : "out of memory");
        return;
    }
    PQsetNoticeProcessor(conn_.get(), log_notice, log_);
    connect_timer_.start(kConnect_ms);
    // Until PQconnectPoll has answered, a socket in the making is to be waited for as writable.
    if (!watch_.duplicate(PQsocket(conn_.get())) || !watch_.want(false, true)) {
        close("NGINX has no free connection (worker_connections)");
    }
}

void PgConnection::poll_connect() {
    const auto next = PQconnectPoll(conn_.get());
    if (next == PGRES_POLLING_OK || next == PGRES_POLLING_FAILED) {
        if (next == PGRES_POLLING_FAILED || PQsetnonblocking(conn_.get(), 1) != 0) {
            close(one_line(PQerrorMessage(conn_.get())));
            return;
        }
    }
    // Each step may have moved on to the next address, and so to a new socket of any number.
    const bool writing = next == PGRES_POLLING_WRITING;
    if (!watch_.duplicate(PQsocket(conn_.get())) || !watch_.want(!writing, writing)) {
        close("NGINX has no free connection (worker_connections)");
        return;
    }
    if (next == PGRES_POLLING_OK) {
        became_ready();
    }
}

void PgConnection::became_ready() {
    connect_timer_.stop();
    state_ = State::ready;
    outage_.over();
    send_listen();
    if (on_ready_) {
        on_ready_();
    }
    send_next();
}

void PgConnection::listen(std::string channel, std::function<void()> on_notify) {
    std::string quoted;
    for (const char c : channel) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    listen_sql_ = "LISTEN \"" + quoted + "\"";
    on_notify_ = std::move(on_notify);
    if (ready()) {
        send_listen();
        send_next();
    }
}

void PgConnection::send_listen() {
    if (listen_sql_.empty()) {
        return;
    }
    // Behind a pooler LISTEN may be refused; it only saves waiting, so it is worth one line.
    query(listen_sql_.c_str(), {}, kListen_ms, [this](PgResult&& result) {
        if (!result.ok() && !result.sqlstate().empty()) {
            log_line(NGX_LOG_WARN, log_,
                     "PostgreSQL refused " + listen_sql_ + ": " + result.error());
        }
    });
}

// --- statements ------------------------------------------------------------------------------

bool PgConnection::query(const char* sql, Parameters parameters, ngx_msec_t deadline_ms,
                         ResultCallback callback) {
    const bool may_wait =
        state_ == State::ready || (mode_ == Mode::lazy && state_ != State::waiting);
    if (!may_wait || statements_.size() >= kWaitingStatements_max) {
        return false;
    }
    idle_timer_.stop();
    statements_.push_back(
        {sql, std::move(parameters), ngx_current_msec + deadline_ms, std::move(callback)});
    if (!deadline_timer_.running() ||
        static_cast<ngx_msec_int_t>(statements_.back().due - timer_due_) < 0) {
        arm_deadline(deadline_ms);
    }
    if (state_ == State::idle) {
        // Not now: a connect that fails at once would run the callback inside this call.
        retry_timer_.start(0);
    } else if (state_ == State::ready && !sent_) {
        send_next();
    }
    return true;
}

void PgConnection::send_next() {
    if (state_ != State::ready || sent_) {
        return;
    }
    if (statements_.empty()) {
        if (mode_ == Mode::lazy) {
            idle_timer_.start(kIdle_ms);
        }
        return;
    }
    std::vector<const char*> values;
    for (const auto& one : statements_.front().parameters) {
        values.push_back(one ? one->c_str() : nullptr);
    }
    sent_ = true;
    // A failure shows again as a socket event or by the deadline, outside the caller's frames.
    if (PQsendQueryParams(conn_.get(), statements_.front().sql, static_cast<int>(values.size()),
                          nullptr, values.data(), nullptr, nullptr, 0) == 1) {
        flush();
    } else {
        watch_.want(true, true);
    }
}

bool PgConnection::flush() {
    const int left = PQflush(conn_.get());
    return left != -1 && watch_.want(true, left == 1);
}

void PgConnection::on_socket() {
    if (state_ == State::connecting) {
        poll_connect();
        return;
    }
    if (PQconsumeInput(conn_.get()) == 0 || !flush()) {
        close(one_line(PQerrorMessage(conn_.get())));
        return;
    }
    const uint64_t life = life_;
    bool notified = false;
    while (PGnotify* notice = PQnotifies(conn_.get())) {
        PQfreemem(notice);
        notified = true;
    }
    if (!read_results() || life != life_) {
        return;
    }
    if (PQstatus(conn_.get()) == CONNECTION_BAD) {
        close(one_line(PQerrorMessage(conn_.get())));
        return;
    }
    if (notified && on_notify_) {
        on_notify_();
    }
}

// False when the connection was closed meanwhile.
bool PgConnection::read_results() {
    const uint64_t life = life_;
    while (sent_ && PQisBusy(conn_.get()) == 0) {
        pg_result* rows = PQgetResult(conn_.get());
        if (rows == nullptr) {
            auto result = std::exchange(answer_, std::nullopt);
            answer_first(result ? std::move(*result) : PgResult::failure("no answer"));
            if (life != life_) {
                return false;
            }
            send_next();
            continue;
        }
        PgResult part(rows);
        if (!answer_ || (answer_->ok() && !part.ok())) {
            answer_ = std::move(part);
        }
    }
    return true;
}

void PgConnection::answer_first(PgResult&& result) {
    Statement done = std::move(statements_.front());
    statements_.pop_front();
    sent_ = false;
    done.callback(std::move(result));
}

// --- the ends --------------------------------------------------------------------------------

void PgConnection::arm_deadline(ngx_msec_t delay_ms) {
    timer_due_ = ngx_current_msec + delay_ms;
    deadline_timer_.start(delay_ms);
}

void PgConnection::check_deadlines() {
    const auto left_ms = [](const Statement& one) {
        return static_cast<ngx_msec_int_t>(one.due - ngx_current_msec);
    };
    if (sent_ && left_ms(statements_.front()) <= 0) {
        close("no answer in time");
        return;
    }
    std::deque<Statement> late;
    for (auto one = statements_.begin(); one != statements_.end();) {
        if (left_ms(*one) <= 0) {
            late.push_back(std::move(*one));
            one = statements_.erase(one);
        } else {
            ++one;
        }
    }
    ngx_msec_int_t soonest_ms = -1;
    for (const auto& one : statements_) {
        soonest_ms = soonest_ms == -1 ? left_ms(one) : std::min(soonest_ms, left_ms(one));
    }
    if (soonest_ms != -1) {
        arm_deadline(static_cast<ngx_msec_t>(soonest_ms));
    }
    for (const auto& one : late) {
        one.callback(PgResult::failure("no answer in time"));
    }
}

void PgConnection::close(std::string_view reason) {
    if (state_ == State::idle || state_ == State::waiting) {
        return;
    }
    const bool was_ready = state_ == State::ready;
    const ngx_msec_t pause_ms = outage_.failed(reason);
    const std::string kept_reason(reason);
    std::deque<Statement> due;
    due.swap(statements_);
    release();
    state_ = State::waiting;
    retry_timer_.start(pause_ms);
    for (const auto& one : due) {
        one.callback(PgResult::failure(kept_reason));
    }
    if (was_ready && on_lost_) {
        on_lost_();
    }
}

void PgConnection::release() noexcept {
    ++life_;
    watch_.close();
    conn_.reset();
    connect_timer_.stop();
    deadline_timer_.stop();
    retry_timer_.stop();
    idle_timer_.stop();
    statements_.clear();
    answer_.reset();
    sent_ = false;
}

}  // namespace coupon
