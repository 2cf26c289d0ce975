#include "cashback/run_record.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "runtime/pg_transaction.hpp"
#include "runtime/retry_policy.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

constexpr const char* bury_sql =
    "UPDATE network_runs SET finished_at = now(), error = 'its process ended before it did',"
    " failures = failures + 1, retry_at = now() WHERE network = $1 AND finished_at IS NULL";

constexpr const char* begin_sql =
    "INSERT INTO network_runs (network, cause, window_from, window_to, failures)"
    " VALUES ($1, $2, to_timestamp($3::bigint / 1000.0), to_timestamp($4::bigint / 1000.0),"
    "  CASE WHEN $2 IN ('schedule', 'daily') THEN COALESCE((SELECT failures FROM network_runs"
    "   WHERE network = $1 AND cause IN ('schedule', 'daily') ORDER BY id DESC LIMIT 1), 0)"
    "  ELSE 0 END)"
    " RETURNING id::text, failures";

constexpr const char* save_sql =
    "UPDATE network_runs SET pages = $2, seen = $3, changed = $4, put_aside = $5 WHERE id = $1";

constexpr const char* done_sql =
    "UPDATE network_runs SET finished_at = now(), failures = 0 WHERE id = $1";

constexpr const char* cursor_sql =
    "INSERT INTO network_cursors (network, read_until)"
    " VALUES ($1, to_timestamp($2::bigint / 1000.0))"
    " ON CONFLICT (network) DO UPDATE SET updated_at = now(),"
    "  read_until = greatest(network_cursors.read_until, excluded.read_until)";

constexpr const char* failed_sql =
    "UPDATE network_runs SET finished_at = now(), error = $2, failures = $3,"
    " retry_at = now() + $4 * interval '1 millisecond' WHERE id = $1";

std::optional<std::string> optional_number(const std::optional<std::int64_t>& number) {
    return number ? std::optional(std::to_string(*number)) : std::nullopt;
}

}  // namespace

std::string run_cause_word(RunCause cause) {
    constexpr std::array<const char*, 4> words{"schedule", "daily", "demand", "postback"};
    return words[static_cast<std::size_t>(cause)];
}

RunRecord::RunRecord(PgConnection& pg, std::string network, RunCause cause,
                     const std::optional<NetworkWindow>& window)
    : pg_(pg), network_(std::move(network)) {
    PgTransaction transaction(pg_);
    pg_.execute(bury_sql, {network_});
    const auto row =
        pg_.execute(begin_sql, {network_, run_cause_word(cause),
                                window ? optional_number(window->from_ms) : std::nullopt,
                                window ? optional_number(window->to_ms) : std::nullopt});
    id_ = row.text(0, 0);
    failures_ = static_cast<int>(row.number(0, 1));
    transaction.commit();
}

void RunRecord::save(const RunProgress& progress) {
    pg_.execute(save_sql, {id_, std::to_string(progress.pages), std::to_string(progress.seen),
                           std::to_string(progress.changed), std::to_string(progress.put_aside)});
}

void RunRecord::done(const RunProgress& progress, std::optional<std::int64_t> read_until_ms) {
    PgTransaction transaction(pg_);
    save(progress);
    pg_.execute(done_sql, {id_});
    if (read_until_ms) {
        pg_.execute(cursor_sql, {network_, std::to_string(*read_until_ms)});
    }
    transaction.commit();
}

void RunRecord::stopped(const RunProgress& progress) {
    PgTransaction transaction(pg_);
    save(progress);
    pg_.execute(failed_sql, {id_, "stopped", std::to_string(failures_), "0"});
    transaction.commit();
}

void RunRecord::failed(const RunProgress& progress, const std::string& why,
                       std::optional<std::chrono::milliseconds> after,
                       std::chrono::milliseconds at_most) {
    std::minstd_rand random{std::random_device{}()};
    const auto delay = std::min(after.value_or(retry_delay(failures_ + 1, random)), at_most);
    PgTransaction transaction(pg_);
    save(progress);
    pg_.execute(failed_sql, {id_, storable_text(why), std::to_string(failures_ + 1),
                             std::to_string(delay.count())});
    transaction.commit();
}

}  // namespace coupon
