// One blocking connection to PostgreSQL, opened when first needed and again after it broke. The
// only place that knows libpq.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

// What PostgreSQL did not do. sqlstate is empty where the connection broke before it could tell.
class PgError : public std::runtime_error {
  public:
    PgError(const std::string& text, std::string sqlstate)
        : std::runtime_error(text), sqlstate_(std::move(sqlstate)) {}

    [[nodiscard]] const std::string& sqlstate() const noexcept { return sqlstate_; }
    // The values themselves are at fault: the same statement fails again however often it is tried.
    [[nodiscard]] bool is_data_error() const noexcept;
    // PostgreSQL is away, busy or chose this transaction to fail: the same may work a moment later.
    [[nodiscard]] bool is_temporary() const noexcept;

  private:
    std::string sqlstate_;
};

// The rows of one statement. Texts live as long as the result.
class PgResult {
  public:
    explicit PgResult(PGresult* result) : result_(result) {}

    [[nodiscard]] int rows() const noexcept { return PQntuples(result_.get()); }
    [[nodiscard]] bool is_null(int row, int column) const noexcept {
        return PQgetisnull(result_.get(), row, column) != 0;
    }
    [[nodiscard]] std::string_view text(int row, int column) const noexcept {
        return {PQgetvalue(result_.get(), row, column),
                static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
    }
    [[nodiscard]] int columns() const noexcept { return PQnfields(result_.get()); }
    [[nodiscard]] std::int64_t number(int row, int column) const;
    // Rows inserted, updated or deleted.
    [[nodiscard]] std::int64_t affected() const;
    // What was done, as the server says it: "COMMIT", "UPDATE 1".
    [[nodiscard]] std::string_view command() const noexcept { return PQcmdStatus(result_.get()); }

  private:
    struct Deleter {
        void operator()(PGresult* result) const noexcept { PQclear(result); }
    };
    std::unique_ptr<PGresult, Deleter> result_;
};

using PgParameter = std::optional<std::string>;

class PgConnection {
  public:
    // `url` is DATABASE_URL: a URL (a driver suffix as in postgresql+asyncpg:// is dropped) or a
    // conninfo string. `deadline_ms` bounds every statement. `on_open` runs on each new connection
    // before anything else does. Throws ConfigError, which does not quote the URL.
    PgConnection(const std::string& url, std::string application, int deadline_ms,
                 std::function<void(PgConnection&)> on_open = {});

    // All throw PgError. After a broken connection or a passed deadline the connection is closed.
    PgResult execute(const char* sql, const std::vector<PgParameter>& parameters = {});
    // Several statements in one text, without parameters; the last result. Runs as one transaction
    // unless one is open.
    PgResult execute_script(const std::string& sql);

    // execute() in two halves, so that the caller can work while PostgreSQL does. finish() must
    // follow start().
    void start(const char* sql, const std::vector<PgParameter>& parameters = {});
    PgResult finish();

    // COPY … FROM STDIN: the statement and its whole input, in parts.
    void copy_in(const char* sql, std::initializer_list<std::string_view> parts);

    // Receives the server's notices and warnings, one line each; without it they are dropped. To be
    // set before the first statement.
    void on_notice(std::function<void(const std::string&)> handler) {
        on_notice_ = std::move(handler);
    }

    // While it is held, a broken connection is not opened anew: statements fail instead, since a new
    // one would run them outside of the transaction they belong to. For PgTransaction.
    void hold(bool held) noexcept { held_ = held; }

    void close() noexcept { connection_.reset(); }
    // For messages: host, port and database, never the password.
    [[nodiscard]] std::string text() const;

  private:
    struct Deleter {
        void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    };

    PGconn* opened();
    void open();
    PgResult read_result();
    void wait_readable();
    static void forward_notice(void* self, const char* text);
    [[noreturn]] void fail_lost(const std::string& what);

    std::string conninfo_;
    std::string application_;
    int deadline_ms_;
    std::function<void(PgConnection&)> on_open_;
    std::function<void(const std::string&)> on_notice_;
    std::unique_ptr<PGconn, Deleter> connection_;
    bool held_ = false;
};

// Builds a PostgreSQL array literal, each element quoted.
class PgArray {
  public:
    void add(std::string_view text);
    void add(std::int64_t number) { add(std::to_string(number)); }
    void add_null();
    [[nodiscard]] bool empty() const noexcept { return literal_.size() == 1; }
    [[nodiscard]] std::string literal() const { return literal_ + "}"; }

  private:
    void separate();

    std::string literal_ = "{";
};

}  // namespace coupon
