#include "couponctl/cron_tables.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "couponctl/duration.hpp"
#include "couponctl/settings.hpp"
#include "runtime/error.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

using nlohmann::ordered_json;

constexpr int deadline_ms = 30'000;
constexpr std::int64_t leader_silent_s = 30;

#define COUPON_UTC(time) "to_char(" time " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define COUPON_MS(from, until) "(extract(epoch FROM " until " - " from ") * 1000)::bigint"

constexpr const char* jobs_sql =
    "SELECT name, what, schedule, zone, " COUPON_UTC("next_at") ", COALESCE(leader, ''),"
    " extract(epoch FROM now() - updated_at)::bigint, last.status,"
    " " COUPON_UTC("last.finished_at") ", last.error, (SELECT status FROM cron_runs open"
    "  WHERE open.job = name AND open.finished_at IS NULL ORDER BY status DESC, id LIMIT 1)"
    " FROM cron_jobs LEFT JOIN LATERAL (SELECT * FROM cron_runs WHERE job = name"
    "  AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 1) AS last ON true ORDER BY name";

constexpr const char* runs_sql =
    "SELECT id, job, " COUPON_UTC("due_at") ", cause, status, " COUPON_UTC("started_at") ","
    " " COUPON_MS("started_at", "COALESCE(finished_at, now())") ", requested_by, worker,"
    " takeovers, result, error FROM cron_runs WHERE $1 = '' OR job = $1 ORDER BY id DESC"
    " LIMIT $2::bigint";

constexpr const char* known_sql =
    "SELECT EXISTS (SELECT FROM cron_jobs WHERE name = $1)"
    " OR EXISTS (SELECT FROM cron_runs WHERE job = $1)";

ordered_json text_of(const PgResult& rows, int row, int column) {
    return rows.is_null(row, column) ? ordered_json()
                                     : ordered_json(storable_text(rows.text(row, column)));
}

std::string or_dash(const PgResult& rows, int row, int column) {
    return rows.is_null(row, column) ? "-" : storable_text(rows.text(row, column));
}

// In columns; the last one as long as it is.
void print(const std::vector<std::vector<std::string>>& lines, std::ostream& out) {
    std::vector<std::size_t> widths;
    for (const auto& line : lines) {
        widths.resize(std::max(widths.size(), line.size()));
        for (std::size_t i = 0; i < line.size(); ++i) {
            widths[i] = std::max(widths[i], line[i].size());
        }
    }
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            const bool last = i + 1 == line.size();
            out << (i == 0 ? "" : "  ") << line[i]
                << (last ? "" : std::string(widths[i] - line[i].size(), ' '));
        }
        out << '\n';
    }
}

std::string leader_text(const PgResult& rows) {
    if (rows.rows() == 0) {
        return "no cron worker has led yet";
    }
    const std::string leader(rows.text(0, 5));
    const auto silent_s = rows.number(0, 6);
    const auto since = duration_text(silent_s * 1000);
    if (leader.empty()) {
        return "no cron worker leads, for " + since;
    }
    return silent_s > leader_silent_s ? leader + " led, and is silent for " + since
                                      : leader + " leads";
}

void print_jobs(const PgResult& rows, std::ostream& out) {
    std::vector<std::vector<std::string>> lines{
        {"job", "schedule", "next", "last", "ended", "what"}};
    for (int row = 0; row < rows.rows(); ++row) {
        const auto last = rows.is_null(row, 10) ? or_dash(rows, row, 7) : or_dash(rows, row, 10);
        lines.push_back({or_dash(rows, row, 0), or_dash(rows, row, 2), or_dash(rows, row, 4), last,
                         or_dash(rows, row, 8), or_dash(rows, row, 1)});
    }
    print(lines, out);
    out << leader_text(rows)
        << (rows.rows() == 0
                ? std::string()
                : "; schedules are times of " + or_dash(rows, 0, 3) + ", all others UTC")
        << '\n';
}

}  // namespace

void list_cron_jobs(bool as_json, std::ostream& out) {
    auto pg = configured_postgres(deadline_ms);
    const auto rows = pg.execute(jobs_sql);
    if (!as_json) {
        return print_jobs(rows, out);
    }
    auto jobs = ordered_json::array();
    for (int row = 0; row < rows.rows(); ++row) {
        jobs.push_back({{"name", text_of(rows, row, 0)},
                        {"what", text_of(rows, row, 1)},
                        {"schedule", text_of(rows, row, 2)},
                        {"zone", text_of(rows, row, 3)},
                        {"next_at", text_of(rows, row, 4)},
                        {"leader", text_of(rows, row, 5)},
                        {"leader_seen_s", rows.number(row, 6)},
                        {"last_status", text_of(rows, row, 7)},
                        {"last_finished_at", text_of(rows, row, 8)},
                        {"last_error", text_of(rows, row, 9)},
                        {"open", text_of(rows, row, 10)}});
    }
    out << jobs.dump(2) << '\n';
}

void list_cron_runs(const CronHistoryFilter& filter, std::ostream& out) {
    auto pg = configured_postgres(deadline_ms);
    if (!filter.job.empty() && pg.execute(known_sql, {filter.job}).text(0, 0) != "t") {
        throw CommandError("cron history: there is no such job; see cron list");
    }
    const auto rows = pg.execute(runs_sql, {filter.job, std::to_string(filter.limit)});
    std::vector<std::vector<std::string>> lines{
        {"run", "job", "due", "cause", "status", "took", "result"}};
    auto runs = ordered_json::array();
    for (int row = 0; row < rows.rows(); ++row) {
        const bool begun = !rows.is_null(row, 6);
        const bool failed = !rows.is_null(row, 11);
        lines.push_back({or_dash(rows, row, 0), or_dash(rows, row, 1), or_dash(rows, row, 2),
                         or_dash(rows, row, 3), or_dash(rows, row, 4),
                         begun ? duration_text(rows.number(row, 6)) : "-",
                         or_dash(rows, row, failed ? 11 : 10)});
        runs.push_back({{"id", rows.number(row, 0)},
                        {"job", text_of(rows, row, 1)},
                        {"due_at", text_of(rows, row, 2)},
                        {"cause", text_of(rows, row, 3)},
                        {"status", text_of(rows, row, 4)},
                        {"started_at", text_of(rows, row, 5)},
                        {"ms", begun ? ordered_json(rows.number(row, 6)) : ordered_json()},
                        {"requested_by", text_of(rows, row, 7)},
                        {"worker", text_of(rows, row, 8)},
                        {"takeovers", rows.number(row, 9)},
                        {"result", rows.is_null(row, 10) ? ordered_json()
                                                         : ordered_json::parse(rows.text(row, 10))},
                        {"error", text_of(rows, row, 11)}});
    }
    if (filter.as_json) {
        out << runs.dump(2) << '\n';
    } else {
        print(lines, out);
    }
}

}  // namespace coupon
