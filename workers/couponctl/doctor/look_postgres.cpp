#include "couponctl/doctor/look_postgres.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "couponctl/doctor/asked_clock.hpp"
#include "couponctl/doctor/privileges.hpp"
#include "couponctl/migration_files.hpp"
#include "couponctl/settings.hpp"
#include "runtime/environment.hpp"

namespace coupon::doctor {
namespace {

using steady = std::chrono::steady_clock;

constexpr int deadline_ms = 5000;

constexpr const char* server_sql =
    "SELECT current_setting('server_version_num'),"
    " pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean,"
    " pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()";

constexpr const char* settings_sql =
    "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'autovacuum',"
    " 'synchronous_commit', 'idle_session_timeout', 'idle_in_transaction_session_timeout',"
    " 'statement_timeout', 'TimeZone')";

constexpr const char* zone_sql = "SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)";

constexpr const char* applied_sql = "SELECT name, digest FROM coupon_migrations ORDER BY name";

constexpr const char* partitions_sql =
    "SELECT count(*) FILTER (WHERE partitions.month > this.month),"
    " count(*) FILTER (WHERE partitions.month = this.month)"
    " FROM (SELECT substring(inhrelid::regclass::text FROM '([0-9]{4}_[0-9]{2})\"?$') AS month"
    "  FROM pg_inherits WHERE inhparent = to_regclass('offer_clicks')) AS partitions,"
    " (SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM') AS month) AS this";

// Counted up to a bound: it may be all clicks there are.
constexpr const char* default_rows_sql =
    "SELECT count(*) FROM (SELECT FROM offer_clicks_default LIMIT 10000) AS counted";

// Whoever has a snapshot or a transaction id holds back VACUUM; autovacuum and replication's own
// work does not count here. The text of a statement may hold secrets, so it is not asked for.
constexpr const char* transactions_sql =
    "SELECT COALESCE(NULLIF(application_name, ''), 'a client') || ' (' || usename || ', pid ' || pid ||"
    "  CASE WHEN datname = current_database() THEN '' ELSE ', database ' || datname END || ')',"
    " COALESCE(state, 'active'), 'SELECT pg_terminate_backend(' || pid || ')',"
    " extract(epoch FROM clock_timestamp() - xact_start)::bigint AS age"
    " FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    " AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL OR state LIKE 'idle in transaction%')"
    " AND xact_start IS NOT NULL"
    " UNION ALL SELECT 'the prepared transaction ' || quote_literal(gid), 'prepared',"
    " 'ROLLBACK PREPARED ' || quote_literal(gid),"
    " extract(epoch FROM clock_timestamp() - prepared)::bigint FROM pg_prepared_xacts"
    " ORDER BY age DESC NULLS LAST LIMIT 5";

constexpr const char* triggers_sql =
    "SELECT name FROM unnest(ARRAY['coupon_catalog_offer_made', 'coupon_catalog_offer_changed',"
    " 'coupon_catalog_offers_emptied', 'coupon_catalog_merchant_made',"
    " 'coupon_catalog_merchant_changed', 'coupon_catalog_merchants_emptied']) AS name"
    " WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = name AND tgenabled IN ('O', 'A')"
    "  AND tgrelid IN (to_regclass('offers'), to_regclass('merchants')))";

constexpr const char* slots_sql =
    "SELECT slot_name FROM pg_replication_slots WHERE NOT active ORDER BY 1";

// By the narrowest limit: the role's, the database's, the server's; and how many count for it.
constexpr const char* connections_sql =
    "WITH limits AS (SELECT (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role,"
    "  (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database,"
    "  current_setting('max_connections')::int"
    "   - current_setting('superuser_reserved_connections')::int AS server),"
    " backends AS (SELECT sum(numbackends) AS server,"
    "  sum(numbackends) FILTER (WHERE datname = current_database()) AS database FROM pg_stat_database)"
    " SELECT CASE WHEN l.role >= 0 THEN l.role WHEN l.database >= 0 THEN l.database ELSE l.server END,"
    " CASE WHEN l.role >= 0 THEN count(*) FILTER (WHERE usename = current_user)"
    "  WHEN l.database >= 0 THEN b.database ELSE b.server END,"
    " count(*) FILTER (WHERE application_name LIKE 'coupon-edge%'"
    "  OR application_name LIKE 'coupon-worker%'),"
    " count(DISTINCT COALESCE(host(client_addr), '')) FILTER"
    "  (WHERE application_name LIKE 'coupon-edge%'),"
    // Else of other roles' sessions little more than their names is told.
    " pg_has_role('pg_read_all_stats', 'USAGE')"
    " FROM pg_stat_activity CROSS JOIN limits l CROSS JOIN backends b"
    " GROUP BY l.role, l.database, l.server, b.server, b.database";

constexpr const char* clock_sql =
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

// A role that was there within a week is missed; so is one whose rows wait.
constexpr const char* needed_sql =
    "SELECT role, 'one ran here within the last week' FROM roles_seen"
    "  WHERE seen_at > now() - interval '7 days'"
    " UNION ALL SELECT 'clicks', 'edges write clicks' WHERE EXISTS (SELECT FROM"
    "  journal_segments WHERE kind = 'clicks' AND sealed IS NULL)"
    " UNION ALL SELECT 'webhooks', 'webhooks wait' WHERE EXISTS (SELECT FROM webhook_logs"
    "  WHERE status = 'pending' AND scheduled_at < now() - interval '1 minute')"
    "  OR EXISTS (SELECT FROM outbox WHERE status = 'pending'"
    "   AND scheduled_at < now() - interval '1 minute')"
    " UNION ALL SELECT 'email', 'e-mails wait' WHERE EXISTS (SELECT FROM email_queue"
    "  WHERE status = 'pending' AND scheduled_at < now() - interval '1 minute')"
    " UNION ALL SELECT 'sms', 'text messages wait' WHERE EXISTS (SELECT FROM sms_queue"
    "  WHERE status = 'pending' AND scheduled_at < now() - interval '1 minute')"
    " UNION ALL SELECT 'cron', 'only it deletes what is not kept, and alerts'";

std::vector<std::string> column(const PgResult& rows) {
    std::vector<std::string> texts;
    for (int row = 0; row < rows.rows(); ++row) {
        texts.emplace_back(rows.text(row, 0));
    }
    return texts;
}

class Look {
  public:
    Look(PgConnection& pg, PostgresLook& look) : pg_(pg), look_(look) {}

    void look_around(const std::string& sql_directory) {
        ask_server();
        ask_settings();
        ask_migrations(sql_directory);
        ask_privileges();
        ask_partitions();
        ask_transactions();
        ask_connections();
        ask_needed();
    }

  private:
    // What a statement cannot tell (a table is missing, a privilege) leaves its fact as it is: the
    // judges of tables and privileges have said why. Without a connection there is nothing to tell.
    template <class Ask>
    void unless_refused(Ask ask) {
        try {
            ask();
        } catch (const PgError& error) {
            if (error.sqlstate().empty()) {
                throw;
            }
        }
    }

    void ask_server() {
        pg_.execute("SELECT 1");
        const auto start = steady::now();
        const auto row = pg_.execute(server_sql);
        auto& facts = look_.facts;
        facts.latency_us =
            std::chrono::duration_cast<std::chrono::microseconds>(steady::now() - start).count();
        facts.version = static_cast<int>(row.number(0, 0));
        facts.only_reads = row.text(0, 1) == "t";
        facts.encoding = row.text(0, 2);
        look_.clock =
            ask_clock("PostgreSQL", [this] { return pg_.execute(clock_sql).number(0, 0); });
    }

    void ask_settings() {
        const auto rows = pg_.execute(settings_sql);
        for (int row = 0; row < rows.rows(); ++row) {
            look_.facts.settings.emplace(rows.text(row, 0), rows.text(row, 1));
        }
        const auto zone = environment_value("COUPON_TZ");
        look_.facts.knows_zone = !zone || pg_.execute(zone_sql, {*zone}).text(0, 0) == "t";
    }

    void ask_migrations(const std::string& sql_directory) {
        for (const auto& file : read_migration_files(sql_directory)) {
            look_.facts.shipped.push_back({file.name, file.digest});
        }
        try {
            const auto rows = pg_.execute(applied_sql);
            for (int row = 0; row < rows.rows(); ++row) {
                look_.facts.applied.push_back(
                    {std::string(rows.text(row, 0)), std::string(rows.text(row, 1))});
            }
        } catch (const PgError& error) {
            if (error.sqlstate().empty()) {
                throw;
            }
            look_.facts.remembers_migrations = false;
        }
    }

    void ask_privileges() {
        auto found = look_at_privileges(pg_);
        look_.facts.role = std::move(found.role);
        look_.facts.missing_privileges = std::move(found.missing);
        look_.facts.missing_objects = std::move(found.missing_objects);
        look_.facts.owns_clicks = found.owns_clicks;
        look_.facts.may_create = found.may_create;
    }

    void ask_partitions() {
        const auto months = pg_.execute(partitions_sql);
        look_.facts.months_ahead = static_cast<int>(months.number(0, 0));
        look_.facts.has_this_month = months.number(0, 1) > 0;
        unless_refused(
            [this] { look_.facts.default_rows = pg_.execute(default_rows_sql).number(0, 0); });
        look_.facts.missing_triggers = column(pg_.execute(triggers_sql));
    }

    void ask_transactions() {
        const auto rows = pg_.execute(transactions_sql);
        for (int row = 0; row < rows.rows(); ++row) {
            look_.facts.transactions.push_back(
                {std::string(rows.text(row, 0)), std::string(rows.text(row, 1)),
                 std::string(rows.text(row, 2)), rows.number(row, 3)});
        }
        look_.facts.idle_slots = column(pg_.execute(slots_sql));
    }

    void ask_connections() {
        const auto row = pg_.execute(connections_sql);
        const auto number = [&row](int column) { return static_cast<int>(row.number(0, column)); };
        look_.connections = ConnectionFacts{look_.facts.where, number(0), number(1), number(2), 0};
        look_.edges = number(3);
        look_.facts.sees_all = row.text(0, 4) == "t";
    }

    void ask_needed() {
        unless_refused([this] {
            const auto rows = pg_.execute(needed_sql);
            for (int row = 0; row < rows.rows(); ++row) {
                look_.needed.emplace(rows.text(row, 0), rows.text(row, 1));
            }
        });
    }

    PgConnection& pg_;
    PostgresLook& look_;
};

}  // namespace

PostgresLook look_at_postgres(const std::string& sql_directory) {
    PostgresLook look;
    look.facts.where = "DATABASE_URL";
    try {
        auto pg = configured_postgres(deadline_ms);
        look.facts.where = pg.text();
        Look(pg, look).look_around(sql_directory);
    } catch (const std::exception& error) {
        look.facts.failure = error.what();
    }
    return look;
}

}  // namespace coupon::doctor
