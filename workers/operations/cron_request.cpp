#include "operations/cron_request.hpp"

#include "operations/audit_log.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr const char* known_sql = "SELECT FROM cron_jobs WHERE name = $1";

constexpr const char* insert_sql =
    "INSERT INTO cron_runs (job, due_at, cause, requested_by, status)"
    " VALUES ($1, now(), 'manual', $2, 'requested')"
    " ON CONFLICT (job) WHERE cause = 'manual' AND status = 'requested' DO NOTHING"
    " RETURNING id::text";

constexpr const char* waiting_sql =
    "SELECT id::text FROM cron_runs WHERE job = $1 AND cause = 'manual' AND status = 'requested'";

}  // namespace

CronRequest request_cron_run(PgConnection& pg, const std::string& job, const std::string& actor,
                             const std::string& reason) {
    PgTransaction transaction(pg);
    if (pg.execute(known_sql, {job}).rows() == 0) {
        return {CronRequest::Outcome::unknown_job, {}};
    }
    const auto made = pg.execute(insert_sql, {job, actor});
    if (made.rows() == 0) {
        const auto waiting = pg.execute(waiting_sql, {job});
        return {CronRequest::Outcome::already_asked,
                waiting.rows() == 0 ? std::string() : std::string(waiting.text(0, 0))};
    }
    const std::string id(made.text(0, 0));
    write_audit(pg, {actor, "cron.run", "cron_runs", id, {{"job", job}, {"reason", reason}}});
    pg.execute("SELECT pg_notify('coupon_cron', '')");
    transaction.commit();
    return {CronRequest::Outcome::asked, id};
}

}  // namespace coupon
