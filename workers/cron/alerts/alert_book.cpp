#include "cron/alerts/alert_book.hpp"

namespace coupon {
namespace {

constexpr const char* write_sql =
    "INSERT INTO alerts AS a (name, label, message) SELECT * FROM"
    " unnest($1::text[], $2::text[], $3::text[])"
    " ON CONFLICT (name, label) DO UPDATE SET message = excluded.message, resolved_at = NULL,"
    "  since = CASE WHEN a.resolved_at IS NULL THEN a.since ELSE now() END,"
    "  told_at = CASE WHEN a.resolved_at IS NULL THEN a.told_at END";

constexpr const char* resolve_sql =
    "UPDATE alerts SET resolved_at = now() WHERE resolved_at IS NULL AND NOT EXISTS"
    " (SELECT FROM unnest($1::text[], $2::text[]) AS now_wrong (name, label)"
    "  WHERE now_wrong.name = alerts.name AND now_wrong.label = alerts.label)";

constexpr const char* news_sql =
    "SELECT name, label, message, resolved_at IS NOT NULL,"
    " to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM alerts"
    " WHERE (resolved_at IS NULL"
    "  AND (told_at IS NULL OR told_at <= now() - make_interval(hours => $1::int)))"
    " OR (resolved_at IS NOT NULL AND NOT told_end) ORDER BY since, name, label";

constexpr const char* told_sql =
    "UPDATE alerts SET told_at = CASE WHEN over THEN told_at ELSE now() END, told_end = over"
    " FROM unnest($1::text[], $2::text[], $3::boolean[]) AS told (name, label, over)"
    " WHERE told.name = alerts.name AND told.label = alerts.label";

}  // namespace

std::vector<AlertNews> write_alerts(PgConnection& pg, const std::vector<Alert>& alerts,
                                    int repeat_hours) {
    PgArray names, labels, messages;
    for (const auto& alert : alerts) {
        names.add(alert.name);
        labels.add(alert.label);
        messages.add(alert.message);
    }
    pg.execute(write_sql, {names.literal(), labels.literal(), messages.literal()});
    pg.execute(resolve_sql, {names.literal(), labels.literal()});
    std::vector<AlertNews> news;
    const auto rows = pg.execute(news_sql, {std::to_string(repeat_hours)});
    for (int row = 0; row < rows.rows(); ++row) {
        news.push_back({{std::string(rows.text(row, 0)), std::string(rows.text(row, 1)),
                         std::string(rows.text(row, 2))},
                        rows.text(row, 3) == "t",
                        std::string(rows.text(row, 4))});
    }
    return news;
}

void mark_told(PgConnection& pg, const std::vector<AlertNews>& news) {
    PgArray names, labels, over;
    for (const auto& item : news) {
        names.add(item.alert.name);
        labels.add(item.alert.label);
        over.add(item.over ? "t" : "f");
    }
    pg.execute(told_sql, {names.literal(), labels.literal(), over.literal()});
}

}  // namespace coupon
