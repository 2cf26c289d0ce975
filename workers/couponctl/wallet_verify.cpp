#include "couponctl/wallet_verify.hpp"

#include <chrono>
#include <future>
#include <iostream>

#include "couponctl/duration.hpp"
#include "couponctl/settings.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

// It reads every entry there is.
constexpr int deadline_ms = 6 * 60 * 60 * 1000;
constexpr auto tell_every = 10s;

constexpr const char* counts_sql =
    "SELECT (SELECT count(*) FROM ledger_transactions), (SELECT count(*) FROM ledger_seals),"
    " (SELECT count(*) FROM ledger_transactions WHERE id >"
    "   COALESCE((SELECT max(last_id) FROM ledger_seals), 0)),"
    " (SELECT count(*) FROM wallet_balances)";

std::int64_t ms_since(steady::time_point start) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - start).count();
}

}  // namespace

int verify_wallets(std::ostream& out) {
    const auto start = steady::now();
    auto pg = configured_postgres(deadline_ms);
    PgTransaction snapshot(pg);
    // One moment for all of it: wallets go on changing meanwhile.
    pg.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const auto counts = pg.execute(counts_sql);
    auto looking = std::async(
        std::launch::async, [&pg] { return pg.execute("SELECT problem FROM ledger_problems()"); });
    while (looking.wait_for(tell_every) != std::future_status::ready) {
        std::cerr << "couponctl: " << counts.text(0, 0) << " transactions are being looked at, for "
                  << duration_text(ms_since(start)) << '\n';
    }
    const auto problems = looking.get();
    for (int row = 0; row < problems.rows(); ++row) {
        out << storable_text(problems.text(row, 0)) << '\n';
    }
    out << (problems.rows() == 0 ? std::string("all adds up")
                                 : std::to_string(problems.rows()) + " problems")
        << ": " << counts.text(0, 0) << " transactions in " << counts.text(0, 1) << " seals and "
        << counts.text(0, 2) << " not sealed yet, " << counts.text(0, 3)
        << " wallets, looked at in " << duration_text(ms_since(start)) << '\n';
    return problems.rows() == 0 ? 0 : 1;
}

}  // namespace coupon
