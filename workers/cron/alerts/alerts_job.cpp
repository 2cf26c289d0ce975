#include "cron/alerts/alerts_job.hpp"

#include "cron/alerts/alert_book.hpp"
#include "cron/alerts/alert_checks.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

using Json = nlohmann::ordered_json;

constexpr int redis_timeout_ms = 3000;

constexpr const char* mail_sql =
    "INSERT INTO email_queue (type, \"to\", data, idempotency_key)"
    " SELECT 'alert', address, $2::jsonb, 'alert:' || address || ':' || $3"
    " FROM unnest($1::text[]) AS address ON CONFLICT DO NOTHING";

// What nobody took for a day is old news.
constexpr const char* post_sql =
    "WITH old AS (DELETE FROM alert_posts WHERE created_at < now() - interval '1 day')"
    " INSERT INTO alert_posts (body) VALUES ($1::jsonb)";
constexpr const char* posts_sql = "SELECT id, body::text FROM alert_posts ORDER BY id LIMIT 100";
constexpr const char* posted_sql = "DELETE FROM alert_posts WHERE id = $1::bigint";

std::vector<Alert> look_everywhere(CronRun& run, const AlertSettings& settings,
                                   const RedisAddress& address) {
    auto alerts = look_at_database(run.pg, settings.dead_an_hour);
    const auto add = [&alerts](std::vector<Alert> more) {
        alerts.insert(alerts.end(), more.begin(), more.end());
    };
    try {
        RedisConnection redis(address, redis_timeout_ms);
        add(look_at_workers(run.pg, redis));
    } catch (const RedisUnavailable&) {
        add({{"redis_away", "", "Redis does not answer; clicks wait in the edges' journals"}});
    }
    HttpClient http;
    for (const auto& edge : settings.edges) {
        add(look_at_edge(http, edge));
    }
    return alerts;
}

Json as_json(const std::vector<AlertNews>& news) {
    auto list = Json::array();
    for (const auto& item : news) {
        list.push_back({{"name", item.alert.name},
                        {"label", item.alert.label},
                        {"message", item.alert.message},
                        {"since", item.since},
                        {"status", item.over ? "over" : "wrong"}});
    }
    return list;
}

Json mail_data(const std::vector<AlertNews>& news, std::int64_t due_s) {
    Json data{{"alert_id", std::to_string(due_s)}, {"count", std::to_string(news.size())}};
    for (const auto& item : news) {
        data[item.over ? "over" : "wrong"].push_back(
            {{"what", item.alert.message}, {"since", item.since}});
    }
    return data;
}

// In order, until one is not taken: throws CommandError then, and the rest waits for the next run.
std::int64_t post_waiting(CronRun& run, const AlertSettings& settings) {
    HttpRequest request;
    request.method = "POST";
    request.url = settings.webhook_url;
    request.headers.emplace_back("Content-Type", "application/json");
    if (!settings.webhook_token.empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + settings.webhook_token);
    }
    HttpClient http;
    const auto rows = run.pg.execute(posts_sql);
    for (int row = 0; row < rows.rows(); ++row) {
        run.fence();
        request.body = rows.text(row, 1);
        const auto answer = http.send(request);
        if (!answer.ok()) {
            throw CommandError("ALERT_WEBHOOK_URL did not take an alert: " +
                               (answer.error.empty()
                                    ? "it answered " + std::to_string(answer.status)
                                    : answer.error));
        }
        run.pg.execute(posted_sql, {std::string(rows.text(row, 0))});
    }
    return rows.rows();
}

void write_mails(CronRun& run, const AlertSettings& settings, const std::vector<AlertNews>& news) {
    PgArray addresses;
    for (const auto& address : settings.mail_to) {
        addresses.add(address);
    }
    run.pg.execute(mail_sql, {addresses.literal(), mail_data(news, run.due_s).dump(),
                              std::to_string(run.due_s)});
}

Json look_and_tell(CronRun& run, const AlertSettings& settings, const RedisAddress& redis) {
    const auto alerts = look_everywhere(run, settings, redis);
    PgTransaction transaction(run.pg);
    run.fence();
    const auto news = write_alerts(run.pg, alerts, settings.repeat_hours);
    if (!news.empty()) {
        for (const auto& item : news) {
            run.log.warn(item.over ? "what was wrong is over" : "something is wrong",
                         {{"alert", item.alert.name},
                          {"label", item.alert.label},
                          {"what", item.alert.message}});
        }
        write_mails(run, settings, news);
        if (!settings.webhook_url.empty()) {
            run.pg.execute(post_sql, {Json{{"alerts", as_json(news)}}.dump()});
        }
        mark_told(run.pg, news);
    }
    transaction.commit();
    Json done{{"wrong", alerts.size()}, {"told", news.size()}};
    if (!settings.webhook_url.empty()) {
        done["posted"] = post_waiting(run, settings);
    }
    return done;
}

}  // namespace

CronJob alerts_job(const AlertSettings& settings, const RedisAddress& redis) {
    return {"alerts", "Look for what is wrong and tell people", "every 1m",
            [settings, redis](CronRun& run) { return look_and_tell(run, settings, redis); }};
}

}  // namespace coupon
