// One job of the cron role: when it runs, and what it does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/stop_signal.hpp"
#include "runtime/time_zone.hpp"

namespace coupon {

// What a run is given. One thread.
struct CronRun {
    PgConnection& pg;    // without an open transaction
    std::int64_t due_s;  // Unix time at which the run was due
    const TimeZone& zone;
    const StopSignal& stop;
    const Log& log;
    // To be called first in every transaction that changes something, and before every effect
    // outside of PostgreSQL: throws LeaseLost where another worker has taken the run over. Inside a
    // transaction it keeps others from taking over until the end of it.
    std::function<void()> fence;
};

struct CronJob {
    std::string name;      // expire_offers: also CRON_EXPIRE_OFFERS, which replaces the schedule
    std::string what;      // one line for people
    std::string schedule;  // "daily 02:00", "weekly sun 03:30", "hourly :15", "every 5m", "off"
    // Done in steps that may all be repeated: a run that is killed is run again from its start, by
    // this worker or another. Returns what was done, as counts and short texts for people; throws
    // where it failed. Between two steps it looks at `stop` and returns what was done so far, with
    // "interrupted": true, when one is requested.
    std::function<nlohmann::ordered_json(CronRun& run)> run;
};

}  // namespace coupon
