#include "cron/alerts/alerts_job.hpp"

#include <chrono>

#include "cron/alerts/alert_book.hpp"
#include "cron/alerts/alert_checks.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

using Json = nlohmann::ordered_json;

constexpr int redis_timeout_ms = 3000;
// A webhook that is slow must not keep the next look waiting for long.
constexpr std::chrono::seconds post_timeout{10};
constexpr std::chrono::seconds posts_max{15};

constexpr const char* mail_sql =
    "INSERT INTO email_queue (type, \"to\", data, idempotency_key)"
    " SELECT 'alert', address, $2::jsonb, 'alert:' || gen_random_uuid()"
    " FROM unnest($1::text[]) AS address";

// What nobody took for a day is old news.
constexpr const char* forget_posts_sql =
    "DELETE FROM alert_posts WHERE created_at < now() - interval '1 day'";
constexpr const char* post_sql = "INSERT INTO alert_posts (body) VALUES ($1::jsonb)";
constexpr const char* posts_sql = "SELECT id, body::text FROM alert_posts ORDER BY id LIMIT 100";
constexpr const char* posted_sql = "DELETE FROM alert_posts WHERE id = $1::bigint";

Findings look_everywhere(CronRun& run, const AlertSettings& settings, const RedisAddress& address) {
    Findings findings{look_at_database(run.pg, settings.dead_an_hour), {}};
    const auto add = [&findings](const Findings& more) {
        findings.wrong.insert(findings.wrong.end(), more.wrong.begin(), more.wrong.end());
        findings.unseen.insert(findings.unseen.end(), more.unseen.begin(), more.unseen.end());
    };
    try {
        RedisConnection redis(address, redis_timeout_ms);
        add({look_at_workers(run.pg, redis), {}});
    } catch (const RedisUnavailable&) {
        add({{{"redis_away", "", "Redis does not answer; clicks wait in the edges' journals"}},
             {{"worker_gone", ""}}});
    }
    HttpClient http;
    for (const auto& edge : settings.edges) {
        if (run.stop.requested()) {
            break;
        }
        add(look_at_edge(http, edge));
    }
    return findings;
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

// In order, until one is not taken: throws CommandError then, and the rest waits for the next run,
// as it does where it takes long.
std::int64_t post_waiting(CronRun& run, const AlertSettings& settings) {
    HttpRequest request;
    request.method = "POST";
    request.url = settings.webhook_url;
    request.timeout = post_timeout;
    request.headers.emplace_back("Content-Type", "application/json");
    if (!settings.webhook_token.empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + settings.webhook_token);
    }
    HttpClient http;
    const auto rows = run.pg.execute(posts_sql);
    const auto end = std::chrono::steady_clock::now() + posts_max;
    int row = 0;
    for (; row < rows.rows() && !run.stop.requested() && std::chrono::steady_clock::now() < end;
         ++row) {
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
    return row;
}

void write_mails(CronRun& run, const AlertSettings& settings, const std::vector<AlertNews>& news) {
    PgArray addresses;
    for (const auto& address : settings.mail_to) {
        addresses.add(address);
    }
    run.pg.execute(mail_sql, {addresses.literal(), mail_data(news, run.due_s).dump()});
}

Json look_and_tell(CronRun& run, const AlertSettings& settings, const RedisAddress& redis) {
    const auto findings = look_everywhere(run, settings, redis);
    if (run.stop.requested()) {
        return {{"interrupted", true}};
    }
    PgTransaction transaction(run.pg);
    run.fence();
    run.pg.execute(forget_posts_sql);
    const auto news = write_alerts(run.pg, findings, settings.repeat_hours);
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
    Json done{{"wrong", findings.wrong.size()}, {"told", news.size()}};
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
