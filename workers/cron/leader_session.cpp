#include "cron/leader_session.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 8'000;

// The time-out ends a session that is not asked each second; the keepalives end one whose host is
// gone.
constexpr const char* session_sql =
    "SET idle_session_timeout = '10s';"
    "SET statement_timeout = '5s';"
    "SET lock_timeout = '2s';"
    "SET synchronous_commit = on;"
    "SET tcp_keepalives_idle = 3;"
    "SET tcp_keepalives_interval = 2;"
    "SET tcp_keepalives_count = 3;"
    "SET tcp_user_timeout = '10s'";

constexpr const char* lock_sql = "SELECT pg_try_advisory_lock(hashtext('coupon cron leader'), 0)";

}  // namespace

LeaderSession::LeaderSession(const std::string& database_url)
    : pg_(database_url, "coupon-worker cron leader", deadline_ms,
          [](PgConnection& pg) { pg.execute_script(session_sql); }) {}

bool LeaderSession::hold() {
    try {
        if (held()) {
            pg_.execute("SELECT");
        } else if (pg_.execute(lock_sql).text(0, 0) == "t") {
            pg_.hold(true);
            held_.store(true);
        }
    } catch (const PgError&) {
        let_go();
        throw;
    }
    return held();
}

void LeaderSession::let_go() noexcept {
    held_.store(false);
    pg_.hold(false);
    pg_.close();
}

}  // namespace coupon
