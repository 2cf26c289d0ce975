#include "admin/api/workers_health.hpp"

#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "operations/redis_state.hpp"
#include "runtime/time_text.hpp"

namespace coupon {
namespace {

constexpr std::array<const char*, 7> roles{"clicks",   "webhooks", "email", "sms",
                                           "cashback", "cron",     "admin"};

const std::string seen_sql = "SELECT id, role, host, pid, version, " + iso_utc("started") +
                             ", jobs, " + iso_utc("last_seen") +
                             " FROM worker_beats WHERE last_seen > now() - interval '1 hour'"
                             " ORDER BY last_seen DESC LIMIT 500";

Json worker_of(const WorkerBeat& beat) {
    return {{"id", beat.id},           {"role", beat.role},
            {"host", beat.host},       {"pid", beat.pid},
            {"version", beat.version}, {"started", iso_time(beat.started_s * 1000)},
            {"jobs", beat.jobs},       {"rate", beat.alive ? std::round(beat.rate * 100) / 100 : 0},
            {"alive", beat.alive},     {"last_seen", iso_time(beat.at_s * 1000)}};
}

Json worker_seen(const PgResult& rows, int row, bool redis) {
    return {{"id", text_or_null(rows, row, 0)},      {"role", text_or_null(rows, row, 1)},
            {"host", text_or_null(rows, row, 2)},    {"pid", number_or_null(rows, row, 3)},
            {"version", text_or_null(rows, row, 4)}, {"started", text_or_null(rows, row, 5)},
            {"jobs", number_or_null(rows, row, 6)},  {"rate", redis ? Json(0) : Json()},
            {"alive", redis ? Json(false) : Json()}, {"last_seen", text_or_null(rows, row, 7)}};
}

std::optional<std::vector<WorkerBeat>> beats_of(RedisConnection& redis) {
    try {
        return read_heartbeats(redis);
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

std::optional<PgResult> seen_in(PgConnection& pg) {
    try {
        return pg.execute(seen_sql.c_str());
    } catch (const PgError&) {
        return std::nullopt;
    }
}

// By role, then those who live first.
void sort(Json& workers) {
    std::stable_sort(workers.begin(), workers.end(), [](const Json& a, const Json& b) {
        const auto key = [](const Json& worker) {
            return std::pair(worker["role"].get<std::string>(), worker["alive"] != true);
        };
        return key(a) < key(b);
    });
}

}  // namespace

Json workers_health(AdminResources& resources) {
    const auto beats = beats_of(resources.redis);
    const auto seen = seen_in(resources.pg);
    if (!beats && !seen) {
        throw RedisUnavailable("neither Redis nor PostgreSQL answers");
    }
    const auto now = iso_now();
    std::map<std::string, int> alive;
    for (const auto* role : roles) {
        alive[role] = 0;
    }
    std::map<std::string, Json> workers;
    for (int row = 0; seen && row < seen->rows(); ++row) {
        workers[std::string(seen->text(row, 0))] = worker_seen(*seen, row, beats.has_value());
        alive.try_emplace(std::string(seen->text(row, 1)), 0);
    }
    for (const auto& beat : beats.value_or(std::vector<WorkerBeat>())) {
        auto& worker = workers[beat.id];
        worker = worker_of(beat);
        alive[beat.role] += beat.alive ? 1 : 0;
    }
    Json answer{{"at", now},
                {"redis", beats.has_value()},
                {"postgres", seen.has_value()},
                {"workers", Json::array()},
                {"roles", Json::array()}};
    for (auto& [id, worker] : workers) {
        answer["workers"].push_back(std::move(worker));
    }
    sort(answer["workers"]);
    for (const auto& [role, count] : alive) {
        answer["roles"].push_back({{"role", role}, {"alive", beats ? Json(count) : Json()}});
    }
    return answer;
}

AdminAnswer answer_workers_health(const AdminRequest&, AdminResources& resources) {
    return json_answer(workers_health(resources));
}

}  // namespace coupon
