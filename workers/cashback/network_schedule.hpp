// When a network is read next. All processes decide by the rows of network_runs, so that one of
// them does it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cashback/cashback_settings.hpp"
#include "cashback/run_record.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// What network_runs tells of one network. Times are Unix time in ms, by PostgreSQL's clock.
struct ScheduleState {
    std::int64_t now_ms = 0;
    std::int64_t daily_ms = 0;       // the latest time of the daily run that has passed
    std::int64_t next_daily_ms = 0;  // and the next one

    // The latest scheduled or daily run; nothing where there was none yet.
    std::optional<std::int64_t> started_ms;
    std::optional<std::int64_t> finished_ms;  // nothing: it is under way, or its process died
    bool failed = false;
    std::optional<std::int64_t> retry_ms;

    std::optional<std::int64_t> first_started_ms;  // of all of them
    std::optional<std::int64_t> daily_done_ms;     // when the latest daily one that succeeded began
};

struct NextRun {
    RunCause cause = RunCause::schedule;  // or daily
    std::int64_t due_ms = 0;              // not after now: it is due
};

// `every` after the last one that ended well, at its time where one failed, at once where one died;
// daily once a day, by the first run after that time. A network's very first run is no daily one.
// Pure.
NextRun next_run(const ScheduleState& state, std::chrono::milliseconds every);

// Throws PgError, also where PostgreSQL does not know the time zone (22023).
ScheduleState read_schedule(PgConnection& pg, const std::string& network,
                            const CashbackSettings& settings);

}  // namespace coupon
