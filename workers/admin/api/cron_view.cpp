#include "admin/api/cron_view.hpp"

#include "admin/api/masking.hpp"
#include "admin/api/request_values.hpp"
#include "operations/cron_request.hpp"

namespace coupon {
namespace {

// The columns of run_of().
const std::string run_columns =
    "run.id, run.status, run.cause, " + iso_utc("run.due_at") + ", " + iso_utc("run.started_at") +
    ", " + iso_utc("run.finished_at") +
    ", (1000 * extract(epoch FROM COALESCE(run.finished_at, now()) - run.started_at))::bigint,"
    " run.result::text, run.error, run.requested_by, run.worker";
constexpr int run_column_count = 11;

// The latest run that was begun: one that only waits says nothing yet.
const std::string jobs_sql =
    "SELECT " + run_columns + ", job.name, job.what, job.schedule, " + iso_utc("job.next_at") +
    ", EXISTS (SELECT FROM cron_runs AS open WHERE open.job = job.name AND open.status = "
    "'running'),"
    " job.leader, job.zone FROM cron_jobs AS job LEFT JOIN LATERAL (SELECT * FROM cron_runs"
    "  WHERE cron_runs.job = job.name AND started_at IS NOT NULL ORDER BY id DESC LIMIT 1) AS run"
    " ON true ORDER BY job.name";

const std::string history_sql = "SELECT " + run_columns +
                                " FROM cron_runs AS run WHERE job = $1 ORDER BY id DESC"
                                " LIMIT $2::int";

Json run_of(const PgResult& rows, int row) {
    const Masking masking(false);
    const auto result = read_json(rows.text(row, 7));
    const auto ms = number_or_null(rows, row, 6);
    return {{"id", number_or_null(rows, row, 0)},
            {"status", text_or_null(rows, row, 1)},
            {"cause", text_or_null(rows, row, 2)},
            {"due_at", text_or_null(rows, row, 3)},
            {"started_at", text_or_null(rows, row, 4)},
            {"finished_at", text_or_null(rows, row, 5)},
            {"duration_s", ms.is_null() ? Json() : Json(ms.get<double>() / 1000)},
            {"result", result.value_or(Json())},
            {"error", masking.sentence(text_or_null(rows, row, 8))},
            {"requested_by", text_or_null(rows, row, 9)},
            {"worker", text_or_null(rows, row, 10)}};
}

}  // namespace

Json cron_jobs(AdminResources& resources) {
    const auto rows = resources.pg.execute(jobs_sql.c_str());
    Json leader, zone;
    auto jobs = Json::array();
    for (int row = 0; row < rows.rows(); ++row) {
        constexpr int first = run_column_count;
        const bool running = rows.text(row, first + 4) == "t";
        leader = leader.is_null() ? text_or_null(rows, row, first + 5) : leader;
        zone = text_or_null(rows, row, first + 6);
        jobs.push_back({{"name", text_or_null(rows, row, first)},
                        {"what", text_or_null(rows, row, first + 1)},
                        {"schedule", text_or_null(rows, row, first + 2)},
                        {"next_at", text_or_null(rows, row, first + 3)},
                        {"running", running},
                        {"last", rows.is_null(row, 0) ? Json() : run_of(rows, row)}});
    }
    return {{"leader", leader}, {"zone", zone}, {"jobs", std::move(jobs)}};
}

AdminAnswer list_cron(const AdminRequest&, AdminResources& resources) {
    return json_answer(cron_jobs(resources));
}

AdminAnswer list_cron_runs(const AdminRequest& request, AdminResources& resources) {
    const auto limit = query_number(request, "limit", 20, 1, 500);
    const auto rows =
        resources.pg.execute(history_sql.c_str(), {request.captures.at(0), std::to_string(limit)});
    auto runs = Json::array();
    for (int row = 0; row < rows.rows(); ++row) {
        runs.push_back(run_of(rows, row));
    }
    return json_answer({{"runs", std::move(runs)}});
}

AdminAnswer run_cron_job(const AdminRequest& request, AdminResources& resources) {
    const auto body = body_object(request);
    const auto& job = request.captures.at(0);
    const auto asked = request_cron_run(resources.pg, job, "admin:" + request.who.name,
                                        body_text(body, "reason", 500));
    switch (asked.outcome) {
        case CronRequest::Outcome::unknown_job:
            not_found("no job of the cron worker has this name");
        case CronRequest::Outcome::already_asked:
            conflict("a run of this job was asked for already and has not begun");
        default:
            return json_answer({{"run", std::stoll(asked.id)}}, 202);
    }
}

}  // namespace coupon
