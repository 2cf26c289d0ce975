// A connection to PostgreSQL on the event loop: one statement at a time, the others wait in order;
// reconnects by itself. The only user of libpq's connection functions inside NGINX.
#pragma once

#include "io/event_watch.hpp"
#include "io/outage.hpp"
#include "io/pg_options.hpp"
#include "io/pg_result.hpp"
#include "io/timer.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;

namespace coupon {

class PgConnection {
  public:
    enum class Mode {
        lasting,  // connects at start() and again after each loss
        lazy,     // connects for a query, closes after a minute without one
    };
    using Parameters = std::vector<std::optional<std::string>>;
    using ResultCallback = std::function<void(PgResult&& result)>;

    // `options` must outlive the connection. on_ready runs on every connect; on_lost once for each
    // on_ready, after the callbacks of all that waited. Callbacks must not throw nor destroy the
    // connection. Destruction runs no callback.
    PgConnection(const PostgresOptions& options, Mode mode, ngx_log_t* log,
                 std::function<void()> on_ready, std::function<void()> on_lost);
    ~PgConnection();

    // For Mode::lasting; a lazy connection needs no start.
    void start();
    bool ready() const noexcept { return state_ == State::ready; }

    // `sql` is one statement with $1 … for `parameters` (text form) and must live until the
    // callback. `callback` runs exactly once and never inside this call: with the answer, or with a
    // failure when the connection was lost or no answer came in `deadline_ms` (which closes the
    // connection when the statement was already sent). False, and no callback: not connected (lazy:
    // a connect failed a moment ago), or 256 statements are waiting.
    bool query(const char* sql, Parameters parameters, ngx_msec_t deadline_ms,
               ResultCallback callback);

    // LISTENs on `channel` now (when connected) and after each connect. One channel a connection.
    // Notifications may be missed while the connection is down.
    void listen(std::string channel, std::function<void()> on_notify);

    // Why PostgreSQL is away, for a status page; empty while all is well.
    const std::string& outage_reason() const noexcept { return outage_.reason(); }

  private:
    enum class State : uint8_t { idle, connecting, ready, waiting };

    struct Statement {
        const char* sql;
        Parameters parameters;
        ngx_msec_t due;
        ResultCallback callback;
    };

    void connect();
    void poll_connect();
    void became_ready();
    void on_socket();
    void send_next();
    bool flush();
    bool read_results();
    void answer_first(PgResult&& result);
    void check_deadlines();
    void arm_deadline(ngx_msec_t delay_ms);
    void send_listen();
    void close(std::string_view reason);
    void release() noexcept;

    ngx_log_t* log_;
    const PostgresOptions& options_;
    Mode mode_;
    Outage outage_;
    std::function<void()> on_ready_;
    std::function<void()> on_lost_;
    State state_ = State::idle;
    bool sent_ = false;  // the first statement is at the server
    uint64_t life_ = 0;  // counts closings, so that a loop sees its connection was replaced
    std::unique_ptr<pg_conn, void (*)(pg_conn*)> conn_;
    EventWatch watch_;
    Timer connect_timer_;
    Timer deadline_timer_;
    Timer retry_timer_;
    Timer idle_timer_;
    ngx_msec_t timer_due_ = 0;
    std::deque<Statement> statements_;
    std::optional<PgResult> answer_;  // of the first statement, until the server says it is done
    std::string listen_sql_;
    std::function<void()> on_notify_;
};

}  // namespace coupon
