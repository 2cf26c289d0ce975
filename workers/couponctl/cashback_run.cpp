#include "couponctl/cashback_run.hpp"

#include <nlohmann/json.hpp>

#include "couponctl/actor.hpp"
#include "couponctl/settings.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/time_text.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 30'000;

constexpr const char* insert_sql =
    "INSERT INTO cashback_jobs (type, network, data, correlation_id)"
    " SELECT 'run', NULLIF($1, ''), $2::jsonb, id::text FROM gen_random_uuid() AS id"
    " RETURNING id::text";

std::optional<std::int64_t> time_of(const char* option, const std::string& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    const auto time = parse_time_ms(text);
    if (!time) {
        throw CommandError(std::string("cashback run: ") + option + " is no time: " + text);
    }
    return time;
}

}  // namespace

void request_cashback_run(const CashbackRunOptions& options, std::ostream& out) {
    const auto from = time_of("--from", options.from);
    const auto to = time_of("--to", options.to);
    if (from && to && *from >= *to) {
        throw CommandError("cashback run: --from is not before --to");
    }
    auto data = nlohmann::json::object();
    if (from) {
        data["from"] = options.from;
    }
    if (to) {
        data["to"] = options.to;
    }
    auto pg = configured_postgres(deadline_ms);
    PgTransaction transaction(pg);
    const auto row = pg.execute(insert_sql, {options.network, data.dump()});
    const std::string id(row.text(0, 0));
    data["network"] = options.network;
    data["job"] = id;
    record_action(pg, "", "cashback run", "cashback_jobs", data);
    transaction.commit();
    out << "job " << id << " waits for a worker\n";
}

}  // namespace coupon
