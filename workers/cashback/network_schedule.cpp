#include "cashback/network_schedule.hpp"

#include <algorithm>

namespace coupon {
namespace {

constexpr const char* state_sql =
    "WITH day AS (SELECT (now() AT TIME ZONE $2)::date AS today),"
    " times AS (SELECT ((today + ahead) + $3::time) AT TIME ZONE $2 AS at"
    "   FROM day, generate_series(-2, 2) AS ahead),"
    " last AS (SELECT * FROM network_runs WHERE network = $1 AND cause IN ('schedule', 'daily')"
    "   ORDER BY id DESC LIMIT 1),"
    " moments AS (SELECT now() AS now, (SELECT max(at) FROM times WHERE at <= now()) AS daily,"
    "   (SELECT min(at) FROM times WHERE at > now()) AS next_daily,"
    "   (SELECT started_at FROM last) AS started, (SELECT finished_at FROM last) AS finished,"
    "   (SELECT retry_at FROM last) AS retry,"
    "   (SELECT min(started_at) FROM (SELECT (SELECT started_at FROM network_runs"
    "      WHERE network = $1 AND cause = kind ORDER BY id LIMIT 1) AS started_at"
    "     FROM unnest(ARRAY['schedule', 'daily']) AS kind) AS firsts) AS first_started,"
    "   (SELECT started_at FROM network_runs WHERE network = $1 AND cause = 'daily'"
    "     AND finished_at IS NOT NULL AND error IS NULL ORDER BY id DESC LIMIT 1) AS daily_done)"
    " SELECT (extract(epoch FROM now) * 1000)::bigint, (extract(epoch FROM daily) * 1000)::bigint,"
    "  (extract(epoch FROM next_daily) * 1000)::bigint,"
    "  (extract(epoch FROM started) * 1000)::bigint,"
    "  (extract(epoch FROM finished) * 1000)::bigint,"
    "  COALESCE((SELECT error IS NOT NULL FROM last), false),"
    "  (extract(epoch FROM retry) * 1000)::bigint,"
    "  (extract(epoch FROM first_started) * 1000)::bigint,"
    "  (extract(epoch FROM daily_done) * 1000)::bigint FROM moments";

}  // namespace

NextRun next_run(const ScheduleState& state, std::chrono::milliseconds every) {
    if (!state.started_ms) {
        return {RunCause::schedule, state.now_ms};
    }
    const auto daily_until = state.daily_done_ms.value_or(state.first_started_ms.value_or(0));
    const bool daily_owed = state.daily_ms > daily_until;
    const auto cause = daily_owed ? RunCause::daily : RunCause::schedule;
    if (!state.finished_ms) {
        return {cause, state.now_ms};
    }
    if (state.failed) {
        return {cause, state.retry_ms.value_or(*state.finished_ms)};
    }
    if (daily_owed) {
        return {cause, state.daily_ms};
    }
    const auto next_ms = *state.finished_ms + every.count();
    return state.next_daily_ms < next_ms ? NextRun{RunCause::daily, state.next_daily_ms}
                                         : NextRun{RunCause::schedule, next_ms};
}

ScheduleState read_schedule(PgConnection& pg, const std::string& network,
                            const CashbackSettings& settings) {
    const auto row = pg.execute(state_sql, {network, settings.time_zone, settings.daily_at});
    const auto optional_ms = [&row](int column) {
        return row.is_null(0, column) ? std::optional<std::int64_t>() : row.number(0, column);
    };
    ScheduleState state;
    state.now_ms = row.number(0, 0);
    state.daily_ms = row.number(0, 1);
    state.next_daily_ms = row.number(0, 2);
    state.started_ms = optional_ms(3);
    state.finished_ms = optional_ms(4);
    state.failed = row.text(0, 5) == "t";
    state.retry_ms = optional_ms(6);
    state.first_started_ms = optional_ms(7);
    state.daily_done_ms = optional_ms(8);
    return state;
}

}  // namespace coupon
