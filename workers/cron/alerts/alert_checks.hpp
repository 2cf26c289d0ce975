// What is wrong right now, each part of it by a look of its own.
#pragma once

#include <string>
#include <vector>

#include "cron/alerts/alert.hpp"
#include "runtime/http_client.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/redis_connection.hpp"

namespace coupon {

// Clicks that are missing, dead letters that grow, jobs that wait, paid orders that are not
// fulfilled, the ledger, cron's own scheduled runs, and alerts that ALERT_WEBHOOK_URL does not
// take. Throws PgError.
std::vector<Alert> look_at_database(PgConnection& pg, int dead_an_hour);

// Roles of which no worker has been there for five minutes; writes roles_seen. A role that was not
// there for a week is not missed any more. Throws PgError; RedisUnavailable where Redis is away.
std::vector<Alert> look_at_workers(PgConnection& pg, RedisConnection& redis);

// One edge's journal: clicks that wait, and room. An edge that does not answer is an alert itself.
// Labels are the URL, since two edges may have the same name.
Findings look_at_edge(HttpClient& http, const std::string& stats_url);

}  // namespace coupon
