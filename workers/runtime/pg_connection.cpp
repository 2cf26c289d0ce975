#include "runtime/pg_connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <memory>

#include "core/connection_text.hpp"
#include "runtime/error.hpp"
#include "runtime/watched_loop.hpp"

namespace coupon {
namespace {

constexpr const char* connect_timeout_s = "5";
constexpr std::int64_t wait_slice_ms = 1'000;  // a loop that waits no longer than it said is alive

std::int64_t to_number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// libpq ends its messages with a newline and may add detail lines; a log line has neither.
std::string one_line(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
        text.pop_back();
    }
    for (char& c : text) {
        if (c == '\n' || c == '\t') {
            c = ' ';
        }
    }
    return text;
}

// SQLAlchemy's URLs name a driver, which libpq does not know.
std::string without_driver(const std::string& url) {
    const auto scheme_end = url.find("://");
    const auto plus = url.find('+');
    if (scheme_end == std::string::npos || plus > scheme_end) {
        return url;
    }
    return url.substr(0, plus) + url.substr(scheme_end);
}

// libpq's own messages would quote the text, password included.
void check_conninfo(const std::string& text) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(text.c_str(), nullptr), PQconninfoFree);
    if (options == nullptr) {
        throw ConfigError(
            "DATABASE_URL is neither a postgresql:// URL nor a PostgreSQL connection string");
    }
    const auto value = [&](std::string_view keyword) -> std::string_view {
        for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
            if (option->keyword == keyword && option->val != nullptr) {
                return option->val;
            }
        }
        return "";
    };
    const auto misread =
        misread_postgres_text(text, value("host"), value("port"), value("dbname"));
    if (!misread.empty()) {
        throw ConfigError("DATABASE_URL " + misread);
    }
}

}  // namespace

bool PgError::is_data_error() const noexcept {
    // 22 data exception, 23 integrity constraint violation, 54 program limit exceeded.
    return sqlstate_.starts_with("22") || sqlstate_.starts_with("23") ||
           sqlstate_.starts_with("54");
}

bool PgError::is_temporary() const noexcept {
    // 08 connection, 25 a server that only reads or a transaction that idled too long, 40
    // serialization and deadlock, 53 resources, 55P03 a lock's time-out, 57 shutdown and cancel, 58
    // system.
    constexpr std::array<std::string_view, 8> classes{"08", "25006", "25P03", "40",
                                                         "53", "55P03", "57",    "58"};
    return sqlstate_.empty() || std::any_of(classes.begin(), classes.end(), [this](auto prefix) {
               return sqlstate_.starts_with(prefix);
           });
}

std::int64_t PgResult::number(int row, int column) const {
    return to_number(text(row, column));
}

std::int64_t PgResult::affected() const {
    return to_number(PQcmdTuples(result_.get()));
}

PgConnection::PgConnection(const std::string& url, std::string application, int deadline_ms,
                           std::function<void(PgConnection&)> on_open)
    : conninfo_(without_driver(url)),
      application_(std::move(application)),
      deadline_ms_(deadline_ms),
      on_open_(std::move(on_open)) {
    check_conninfo(conninfo_);
}

PgResult PgConnection::execute(const char* sql, const std::vector<PgParameter>& parameters) {
    start(sql, parameters);
    return finish();
}

PgResult PgConnection::execute_script(const std::string& sql) {
    if (PQsendQuery(opened(), sql.c_str()) == 0) {
        fail_lost("cannot send a statement");
    }
    return finish();
}

void PgConnection::start(const char* sql, const std::vector<PgParameter>& parameters) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& parameter : parameters) {
        values.push_back(parameter ? parameter->c_str() : nullptr);
    }
    if (PQsendQueryParams(opened(), sql, static_cast<int>(values.size()), nullptr, values.data(),
                          nullptr, nullptr, 0) == 0) {
        fail_lost("cannot send a statement");
    }
}

PgResult PgConnection::finish() {
    std::optional<PgError> failure;
    std::optional<PgResult> last;
    while (true) {
        wait_readable();
        PGresult* raw = PQgetResult(connection_.get());
        if (raw == nullptr) {
            break;
        }
        PgResult result(raw);
        const auto status = PQresultStatus(raw);
        if (status == PGRES_COPY_IN) {
            return result;
        }
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK &&
            status != PGRES_EMPTY_QUERY && !failure) {
            const char* sqlstate = PQresultErrorField(raw, PG_DIAG_SQLSTATE);
            const char* primary = PQresultErrorField(raw, PG_DIAG_MESSAGE_PRIMARY);
            const char* hint = PQresultErrorField(raw, PG_DIAG_MESSAGE_HINT);
            auto text = one_line(primary != nullptr ? primary : PQresultErrorMessage(raw));
            if (hint != nullptr) {
                text += " (" + one_line(hint) + ")";
            }
            failure.emplace(text, sqlstate != nullptr ? sqlstate : "");
        }
        last = std::move(result);
    }
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        fail_lost("the connection broke");
    }
    if (failure) {
        throw PgError(*failure);
    }
    if (!last) {
        fail_lost("no result");
    }
    return std::move(*last);
}

void PgConnection::copy_in(const char* sql, std::initializer_list<std::string_view> parts) {
    execute(sql);
    for (const auto part : parts) {
        if (PQputCopyData(connection_.get(), part.data(), static_cast<int>(part.size())) != 1) {
            fail_lost("cannot send the rows");
        }
    }
    if (PQputCopyEnd(connection_.get(), nullptr) != 1) {
        fail_lost("cannot send the rows");
    }
    finish();
}

std::string PgConnection::text() const {
    std::string host = "the default host";
    std::string port;
    std::string database;
    PQconninfoOption* options = PQconninfoParse(conninfo_.c_str(), nullptr);
    for (auto* option = options; option != nullptr && option->keyword != nullptr; ++option) {
        const std::string_view keyword = option->keyword;
        if (option->val == nullptr) {
            continue;
        }
        if (keyword == "host" || keyword == "hostaddr") {
            host = option->val;
        } else if (keyword == "port") {
            port = std::string(":") + option->val;
        } else if (keyword == "dbname") {
            database = std::string("/") + option->val;
        }
    }
    PQconninfoFree(options);
    return host + port + database;
}

void PgConnection::forward_notice(void* self, const char* text) {
    const auto& handler = static_cast<PgConnection*>(self)->on_notice_;
    if (handler) {
        handler(one_line(text));
    }
}

PGconn* PgConnection::opened() {
    if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK) {
        if (held_) {
            throw PgError("PostgreSQL: the connection broke within a transaction", "");
        }
        open();
    }
    return connection_.get();
}

void PgConnection::open() {
    // Whatever the URL says stands after the defaults and so wins; the encoding is ours in any
    // case.
    const std::array<const char*, 7> keywords{
        "connect_timeout", "gssencmode", "tcp_user_timeout", "fallback_application_name", "dbname",
        "client_encoding", nullptr};
    const std::array<const char*, 7> values{
        connect_timeout_s, "disable", "30000", application_.c_str(),
        conninfo_.c_str(), "UTF8",    nullptr};
    // Begun only to have an object that says where notices go, and then as PQconnectdb does it: what
    // a server says while a connection is made (that it shuts down, say) would else be printed to
    // standard error, where every line is one of the log.
    note_round();  // each of these may wait for names and hosts, and waiting is no standstill
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
    note_round();
    PQsetNoticeProcessor(connection_.get(), forward_notice, this);
    if (PQstatus(connection_.get()) != CONNECTION_BAD) {
        PQreset(connection_.get());
        note_round();
    }
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        // Spaces for line ends first, which without_quoted would drop.
        const auto why = without_quoted(one_line(PQerrorMessage(connection_.get())));
        close();
        throw PgError("cannot connect to PostgreSQL at " + text() + ": " + why, "");
    }
    // Or sending to a stopped server would block beyond any deadline.
    PQsetnonblocking(connection_.get(), 1);
    if (on_open_) {
        try {
            on_open_(*this);
        } catch (...) {
            close();
            throw;
        }
    }
}

// Waits for the answer without libpq's endless read: PostgreSQL may be stopped, not gone.
void PgConnection::wait_readable() {
    using clock = std::chrono::steady_clock;
    const auto deadline = clock::now() + std::chrono::milliseconds(deadline_ms_);
    while (true) {
        const int unsent = PQflush(connection_.get());
        if (unsent < 0) {
            fail_lost("the connection broke");
        }
        if (unsent == 0 && PQisBusy(connection_.get()) == 0) {
            return;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
        if (left <= 0) {
            fail_lost("no answer within " + std::to_string(deadline_ms_) + " ms");
        }
        pollfd socket{PQsocket(connection_.get()),
                      static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN), 0};
        const int ready =
            ::poll(&socket, 1, static_cast<int>(std::min<std::int64_t>(left, wait_slice_ms)));
        note_round();
        if (ready > 0 && PQconsumeInput(connection_.get()) == 0) {
            fail_lost("the connection broke");
        }
    }
}

void PgConnection::fail_lost(const std::string& what) {
    auto why = connection_ ? one_line(PQerrorMessage(connection_.get())) : "";
    close();
    throw PgError("PostgreSQL: " + what + (why.empty() ? "" : ": " + why), "");
}

void PgArray::separate() {
    if (!empty()) {
        literal_ += ',';
    }
}

void PgArray::add(std::string_view text) {
    separate();
    literal_ += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            literal_ += '\\';
        }
        literal_ += c;
    }
    literal_ += '"';
}

void PgArray::add_null() {
    separate();
    literal_ += "NULL";
}

}  // namespace coupon
