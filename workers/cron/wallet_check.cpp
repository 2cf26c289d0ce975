#include "cron/wallet_check.hpp"

#include "runtime/pg_transaction.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

// It reads every entry there is.
constexpr int deadline_ms = 6 * 60 * 60 * 1000;
constexpr int told_max = 100;

// The server may have a time-out by default; without the other it would read on for a worker that
// is gone.
constexpr const char* session_sql =
    "SET statement_timeout = 0;"
    "SET client_connection_check_interval = '10s'";

constexpr const char* counts_sql =
    "SELECT (SELECT count(*) FROM ledger_transactions), (SELECT count(*) FROM wallet_balances)";

nlohmann::ordered_json check_wallets(const std::string& database_url, const CronRun& run) {
    PgConnection pg(database_url, "coupon-worker cron wallet_check", deadline_ms,
                    [](PgConnection& opened) { opened.execute_script(session_sql); });
    PgTransaction snapshot(pg);
    // One moment for all of it: wallets go on changing meanwhile.
    pg.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const auto counts = pg.execute(counts_sql);
    const auto problems = pg.execute("SELECT problem FROM ledger_problems()");
    nlohmann::ordered_json result{{"transactions", counts.number(0, 0)},
                                  {"wallets", counts.number(0, 1)},
                                  {"problems", problems.rows()}};
    for (int row = 0; row < problems.rows() && row < told_max; ++row) {
        result["first"].push_back(storable_text(problems.text(row, 0)));
    }
    if (problems.rows() > 0) {
        run.log.error("the wallets are not what the ledger says; see couponctl wallet verify",
                      {{"problems", std::int64_t{problems.rows()}},
                       {"first", storable_text(problems.text(0, 0))}});
    }
    return result;
}

}  // namespace

CronJob wallet_check_job(const std::string& database_url) {
    return {"wallet_check", "Compare the wallets with the ledger", "daily 03:00",
            [database_url](CronRun& run) { return check_wallets(database_url, run); }};
}

}  // namespace coupon
