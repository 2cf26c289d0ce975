// What --check of every role looks at.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace coupon {

// One thing to look at; throws with one sentence where it is missing or wrong.
using Check = std::function<void()>;

// LOG_LEVEL and METRICS_LISTEN.
void check_common_settings();
// REDIS_URL, and that its Redis answers for queue:<name>.
void check_redis(const std::string& queue);
// DATABASE_URL, and that its database has the tables.
void check_postgres(const std::vector<std::string>& tables);

// Runs all of them, writes one sentence for each that fails, or that all is well. The exit code: 0
// or 1.
int run_checks(const std::string& role, const std::vector<Check>& checks, std::ostream& out);

}  // namespace coupon
