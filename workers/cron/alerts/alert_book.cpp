#include "cron/alerts/alert_book.hpp"

#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

// An edge may call itself anything.
constexpr std::size_t text_max = 1000;

constexpr const char* write_sql =
    "INSERT INTO alerts AS a (name, label, message) SELECT DISTINCT ON (name, label) * FROM"
    " unnest($1::text[], $2::text[], $3::text[]) AS now_wrong (name, label, message)"
    " ON CONFLICT (name, label) DO UPDATE SET message = excluded.message, resolved_at = NULL,"
    "  seen_at = now(),"
    "  since = CASE WHEN a.resolved_at IS NULL THEN a.since ELSE now() END,"
    "  told_at = CASE WHEN a.resolved_at IS NULL THEN a.told_at END";

// What could not be looked for stays as it is, and counts as seen.
constexpr const char* unseen_sql =
    "UPDATE alerts SET seen_at = now() FROM unnest($1::text[], $2::text[]) AS unseen (name, label)"
    " WHERE resolved_at IS NULL AND unseen.name = alerts.name AND (unseen.label = ''"
    "  OR alerts.label = unseen.label OR starts_with(alerts.label, unseen.label || ' '))";

constexpr const char* resolve_sql =
    "UPDATE alerts SET resolved_at = now()"
    " WHERE resolved_at IS NULL AND seen_at < now() - interval '5 minutes'";

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

std::vector<AlertNews> write_alerts(PgConnection& pg, const Findings& findings, int repeat_hours) {
    PgArray names, labels, messages;
    for (const auto& alert : findings.wrong) {
        names.add(alert.name);
        labels.add(storable_text(alert.label, text_max));
        messages.add(storable_text(alert.message, text_max));
    }
    pg.execute(write_sql, {names.literal(), labels.literal(), messages.literal()});
    PgArray unseen_names, unseen_labels;
    for (const auto& unseen : findings.unseen) {
        unseen_names.add(unseen.name);
        unseen_labels.add(storable_text(unseen.label, text_max));
    }
    pg.execute(unseen_sql, {unseen_names.literal(), unseen_labels.literal()});
    pg.execute(resolve_sql);
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
