#include "cashback/cashback_jobs.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/click_id.hpp"
#include "core/uuid.hpp"
#include "runtime/clock.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/retry_policy.hpp"
#include "runtime/storable_text.hpp"
#include "runtime/time_text.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::int64_t day_ms = 24LL * 60 * 60 * 1000;
// All postbacks of a network together lead to one run in so many ms. It reads from the oldest of
// what they are about; the last days where that is not known.
constexpr std::int64_t postback_run_every_ms = 5LL * 60 * 1000;
constexpr std::int64_t postback_window_ms = 3 * day_ms;
// A network may call before its own reports know of it.
constexpr int unknown_attempts_max = 6;

enum Column { type_column, network_column, data_column, created_column };
const std::vector<std::string> columns{"type", "network", "data::text",
                                       "(extract(epoch FROM created_at) * 1000)::bigint"};

// When the latest run that read a window up to its own time began; of one from that time on that
// ended well, and of any.
constexpr const char* runs_sql =
    "SELECT (extract(epoch FROM max(started_at) FILTER (WHERE finished_at IS NOT NULL"
    "   AND error IS NULL AND window_from <= to_timestamp($2::bigint / 1000.0))) * 1000)::bigint,"
    " (extract(epoch FROM now() - max(started_at)) * 1000)::bigint"
    " FROM (SELECT * FROM network_runs WHERE network = $1 AND window_to > started_at"
    "  ORDER BY id DESC LIMIT 20) AS latest";

// When what a postback is about was bought, and the click that it names.
#define COUPON_POSTBACK_SQL                                                                        \
    "SELECT (extract(epoch FROM t.occurred_at) * 1000)::bigint, j.data ->> 'click'"                \
    " FROM cashback_jobs j LEFT JOIN affiliate_transactions t"                                     \
    "  ON t.network = j.network AND t.transaction_id = j.data ->> 'id' WHERE j.type = 'postback' " \
    "AND "
constexpr const char* this_one_sql = COUPON_POSTBACK_SQL "j.id = $1::uuid";
constexpr const char* all_that_wait_sql =
    COUPON_POSTBACK_SQL "j.network = $1 AND j.status IN ('pending', 'processing')";
#undef COUPON_POSTBACK_SQL

constexpr const char* spread_sql =
    "INSERT INTO cashback_jobs (type, network, idempotency_key, data, correlation_id)"
    " SELECT 'run', network, 'run:' || $1 || ':' || network, $2::jsonb, $3"
    "  FROM unnest($4::text[]) AS network"
    " ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING";

std::string column(const Job& job, Column place) {
    return job.columns.at(place).value_or("");
}

// A text, or a whole number as its digits; empty for anything else.
std::string text_member(const json& data, const char* name) {
    const auto found = data.find(name);
    if (found == data.end()) {
        return {};
    }
    return found->is_string() ? found->get<std::string>()
                              : (found->is_number_integer() ? found->dump() : std::string());
}

std::optional<std::int64_t> time_member(const json& data, const char* name) {
    const auto found = data.find(name);
    if (found == data.end() || found->is_null() || *found == "") {
        return std::nullopt;
    }
    const auto time = parse_time_ms(*found);
    if (!time) {
        throw PermanentFailure(std::string("the job's \"") + name + "\" is no time");
    }
    return time;
}

json parsed(const std::string& data) {
    auto value = json::parse(data, nullptr, false);
    return value.is_object() ? value : json::object();
}

// Where a window begins that has what these postbacks are about: at the oldest purchase, or at the
// click before one that is not known yet.
std::int64_t begin_of(const PgResult& postbacks, std::int64_t now_ms) {
    auto begin_ms = now_ms - postback_window_ms;
    for (int row = 0; row < postbacks.rows(); ++row) {
        if (!postbacks.is_null(row, 0)) {
            begin_ms = std::min(begin_ms, postbacks.number(row, 0));
        } else if (const auto click = parse_uuid(postbacks.text(row, 1))) {
            begin_ms = std::min(begin_ms, static_cast<std::int64_t>(click_id_ms(*click)));
        }
    }
    return std::max(begin_ms, now_ms - oldest_wait_ms);
}

std::string quoted(const std::string& constant) {
    return "'" + constant + "'";
}

}  // namespace

NetworkJobs::NetworkJobs(std::unique_ptr<AffiliateNetwork> network,
                         const CashbackSettings& settings, const EffectSettings& effects,
                         CashbackTotals& totals, const StopSignal& stop, const Log& log)
    : network_(std::move(network)),
      settings_(settings),
      totals_(totals),
      stop_(stop),
      log_(log),
      effects_(effects, totals, stop, log) {}

JobTable NetworkJobs::table() const {
    return {"cashback_jobs", columns, "network = " + quoted(network_->name())};
}

void NetworkJobs::work(PgConnection& pg, const Job& job) {
    const auto type = column(job, type_column);
    const auto data = column(job, data_column);
    if (type == "postback") {
        work_on_postback(pg, job, data);
    } else if (type == "run") {
        run_on_demand(pg, job, data);
    } else {
        throw PermanentFailure("jobs of the type " + storable_text(type) + " are not known");
    }
}

void NetworkJobs::work_on_postback(PgConnection& pg, const Job& job, const std::string& data) {
    const auto id = text_member(parsed(data), "id");
    if (id.empty()) {
        throw PermanentFailure("the postback names no transaction");
    }
    const auto end = run_on(pg).run_one(id);
    if (end == RunEnd::cannot) {
        run_for_postback(pg, job);
    } else if (end == RunEnd::unknown && job.attempts + 1 < unknown_attempts_max) {
        throw RetryLater(network_->name() + " does not know the transaction yet");
    } else {
        settle(pg, job, end);
    }
}

void NetworkJobs::run_for_postback(PgConnection& pg, const Job& job) {
    const auto created_ms = std::stoll(column(job, created_column));
    const auto now_ms = unix_now_ms();
    const auto begin_ms = begin_of(pg.execute(this_one_sql, {job.id}), now_ms);
    std::optional<std::chrono::milliseconds> wait;
    const auto is_covered = [&] {
        const auto runs = pg.execute(runs_sql, {network_->name(), std::to_string(begin_ms)});
        wait = std::nullopt;
        if (!runs.is_null(0, 0) && runs.number(0, 0) >= created_ms) {
            return true;
        }
        if (!runs.is_null(0, 1) && runs.number(0, 1) < postback_run_every_ms) {
            wait.emplace(postback_run_every_ms - runs.number(0, 1));
        }
        return false;
    };
    if (is_covered()) {
        JobTable("cashback_jobs", columns).complete(pg, job);
        return;
    }
    if (!wait) {
        RunRequest request;
        request.cause = RunCause::postback;
        request.window = {begin_of(pg.execute(all_that_wait_sql, {network_->name()}), now_ms),
                          now_ms + day_ms};
        request.still_wanted = [&] { return !is_covered() && !wait; };
        const auto end = run_on(pg).run(request);
        if (end != RunEnd::busy || !wait) {
            settle(pg, job, end);
            return;
        }
    }
    throw RetryLater("waits for the next run over " + network_->name(), wait);
}

void NetworkJobs::run_on_demand(PgConnection& pg, const Job& job, const std::string& data) {
    const auto members = parsed(data);
    const auto from = time_member(members, "from");
    const auto to = time_member(members, "to");
    RunRequest request;
    request.cause = RunCause::demand;
    request.overlap = settings_.overlap;
    if (from || to) {
        const auto to_ms = to.value_or(unix_now_ms() + day_ms);
        const auto overlap_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(settings_.overlap).count();
        request.window = {from.value_or(std::max<std::int64_t>(to_ms - overlap_ms, 0)), to_ms};
        if (request.window->from_ms >= to_ms) {
            throw PermanentFailure("the job's \"from\" is not before its \"to\"");
        }
    }
    settle(pg, job, run_on(pg).run(request));
}

void NetworkJobs::settle(PgConnection& pg, const Job& job, RunEnd end) {
    const JobTable table("cashback_jobs", columns);
    if (end == RunEnd::busy) {
        throw RetryLater("another run over " + network_->name() + " is under way");
    }
    if (end == RunEnd::stopped) {
        table.give_back(pg, job);
    } else {
        table.complete(pg, job, "last_error = $3",
                       {end == RunEnd::unknown
                            ? PgParameter(network_->name() + " does not know the transaction")
                            : std::nullopt});
    }
}

NetworkRun NetworkJobs::run_on(PgConnection& pg) {
    return {*network_, pg, effects_, totals_, settings_.every, stop_, log_};
}

UnassignedJobs::UnassignedJobs(std::vector<std::string> networks)
    : networks_(std::move(networks)) {}

JobTable UnassignedJobs::table() const {
    std::string known;
    for (const auto& network : networks_) {
        known += (known.empty() ? "" : ", ") + quoted(network);
    }
    return {"cashback_jobs", columns,
            known.empty() ? "true" : "network IS NULL OR network NOT IN (" + known + ")"};
}

void UnassignedJobs::work(PgConnection& pg, const Job& job) const {
    const auto network = column(job, network_column);
    if (!network.empty()) {
        throw PermanentFailure("the network " + storable_text(network) + " is not configured");
    }
    if (column(job, type_column) != "run") {
        throw PermanentFailure("the job names no network");
    }
    PgArray names;
    for (const auto& name : networks_) {
        names.add(name);
    }
    PgTransaction transaction(pg);
    pg.execute(spread_sql, {job.id, column(job, data_column), job.correlation_id, names.literal()});
    table().complete(pg, job);
    transaction.commit();
}

}  // namespace coupon
