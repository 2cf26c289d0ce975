#include "runtime/job_table.hpp"

#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

// Two looks instead of one with OR: each has a small index of its own, whatever the table holds.
// Both may lock as many as are wanted: with a limit it cannot estimate, PostgreSQL reads the whole
// table.
std::string make_take_sql(const std::string& table, const std::string& columns,
                          const std::string& condition) {
    return "WITH lapsed AS (SELECT id FROM " + table +
           " WHERE status = 'processing' AND lease_until < now() AND (" + condition +
           ") ORDER BY lease_until LIMIT $1 FOR UPDATE SKIP LOCKED),"
           " due AS (SELECT id FROM " +
           table + " WHERE status = 'pending' AND scheduled_at <= now() AND (" + condition +
           ") ORDER BY scheduled_at LIMIT $1 FOR UPDATE SKIP LOCKED),"
           " picked AS (SELECT id AS picked_id, 1 AS turn FROM lapsed UNION ALL"
           " SELECT id, 2 FROM due ORDER BY turn LIMIT $1)"
           " UPDATE " +
           table +
           " SET status = 'processing', starts = starts + 1, lease_token = gen_random_uuid(),"
           " lease_until = now() + make_interval(secs => $2)"
           " FROM picked WHERE id = picked_id"
           " RETURNING id::text, lease_token::text, attempts, starts,"
           " COALESCE(NULLIF(correlation_id, ''), id::text)" +
           columns;
}

std::optional<std::string> optional_text(const PgResult& rows, int row, int column) {
    if (rows.is_null(row, column)) {
        return std::nullopt;
    }
    return std::string(rows.text(row, column));
}

}  // namespace

JobTable::JobTable(std::string table, const std::vector<std::string>& columns,
                   std::string condition)
    : table_(std::move(table)) {
    std::string list;
    for (const auto& column : columns) {
        list += ", " + column;
    }
    take_sql_ = make_take_sql(table_, list, condition);
    renew_sql_ = "UPDATE " + table_ +
                 " SET lease_until = now() + make_interval(secs => $3)"
                 " WHERE id = $1 AND lease_token = $2";
}

std::vector<Job> JobTable::take(PgConnection& pg, int max, std::chrono::seconds lease) const {
    constexpr int first_column = 5;
    const auto rows =
        pg.execute(take_sql_.c_str(), {std::to_string(max), std::to_string(lease.count())});
    std::vector<Job> jobs;
    for (int row = 0; row < rows.rows(); ++row) {
        Job job{std::string(rows.text(row, 0)),
                std::string(rows.text(row, 1)),
                static_cast<int>(rows.number(row, 2)),
                static_cast<int>(rows.number(row, 3)),
                std::string(rows.text(row, 4)),
                {}};
        for (int column = first_column; column < rows.columns(); ++column) {
            job.columns.push_back(optional_text(rows, row, column));
        }
        jobs.push_back(std::move(job));
    }
    return jobs;
}

void JobTable::complete(PgConnection& pg, const Job& job, std::string_view extra,
                        const std::vector<PgParameter>& values) const {
    settle(pg, job, "status = 'completed', starts = 0, finished_at = now()", extra, values);
}

void JobTable::dead(PgConnection& pg, const Job& job, std::string_view error,
                    std::string_view extra, const std::vector<PgParameter>& values) const {
    // The caller's values begin at $3, so the error comes behind them.
    auto all = values;
    all.emplace_back(storable_text(error));
    const auto error_number = std::to_string(all.size() + 2);
    settle(pg, job,
           "status = 'failed', attempts = attempts + 1, starts = 0, finished_at = now(),"
           " last_error = $" +
               error_number,
           extra, std::move(all));
}

void JobTable::retry(PgConnection& pg, const Job& job, std::chrono::milliseconds delay,
                     std::string_view error) const {
    settle(pg, job,
           "status = 'pending', attempts = attempts + 1, starts = 0, last_error = $4,"
           " scheduled_at = now() + $3 * interval '1 millisecond'",
           {}, {std::to_string(delay.count()), storable_text(error)});
}

void JobTable::give_back(PgConnection& pg, const Job& job, std::chrono::milliseconds after) const {
    std::string assignments = "status = 'pending', starts = greatest(starts - 1, 0)";
    std::vector<PgParameter> values;
    if (after.count() > 0) {
        assignments += ", scheduled_at = now() + $3 * interval '1 millisecond'";
        values.emplace_back(std::to_string(after.count()));
    }
    settle(pg, job, assignments, {}, std::move(values));
}

void JobTable::count_start(PgConnection& pg, const Job& job, bool begun) const {
    const auto sql = "UPDATE " + table_ + " SET starts = " +
                     (begun ? "starts + 1" : "greatest(starts - 1, 0)") +
                     " WHERE id = $1 AND lease_token = $2";
    if (pg.execute(sql.c_str(), {job.id, job.lease_token}).affected() != 1) {
        throw LeaseLost("job " + job.id + " of " + table_ + " is another worker's by now");
    }
}

bool JobTable::renew(PgConnection& pg, const Job& job, std::chrono::seconds lease) const {
    return pg
               .execute(renew_sql_.c_str(),
                        {job.id, job.lease_token, std::to_string(lease.count())})
               .affected() == 1;
}

void JobTable::settle(PgConnection& pg, const Job& job, std::string_view assignments,
                      std::string_view extra, std::vector<PgParameter> values) const {
    std::string sql = "UPDATE " + table_ + " SET lease_token = NULL, lease_until = NULL, ";
    sql += assignments;
    if (!extra.empty()) {
        sql += ", ";
        sql += extra;
    }
    sql += " WHERE id = $1 AND lease_token = $2";
    values.insert(values.begin(), {job.id, job.lease_token});
    if (pg.execute(sql.c_str(), values).affected() != 1) {
        throw LeaseLost("job " + job.id + " of " + table_ + " is another worker's by now");
    }
}

}  // namespace coupon
