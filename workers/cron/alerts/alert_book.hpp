// What is wrong as the table `alerts` knows it, and what of it is news.
#pragma once

#include <string>
#include <vector>

#include "cron/alerts/alert.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

struct AlertNews {
    Alert alert;
    bool over = false;
    std::string since;  // ISO 8601, UTC
};

// Within a transaction: writes down what is wrong now and returns what people are to be told: what
// is new, what still is after so many hours, and what is over and was told of. It is over when it
// was looked for and not found for some minutes, so that what comes and goes is told of once.
std::vector<AlertNews> write_alerts(PgConnection& pg, const Findings& findings, int repeat_hours);

// They were told. Within the same transaction as what tells them.
void mark_told(PgConnection& pg, const std::vector<AlertNews>& news);

}  // namespace coupon
