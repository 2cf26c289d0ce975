#include "cron/check.hpp"

#include "cron/cron_settings.hpp"
#include "runtime/environment.hpp"
#include "runtime/role_check.hpp"

namespace coupon {

int check_cron(std::ostream& out) {
    return run_checks(
        "cron",
        {check_common_settings,
         [] { configured_cron(required_environment("DATABASE_URL", "where PostgreSQL is")); },
         [] { check_redis("cron"); },
         [] {
             check_postgres({"cron_jobs", "cron_runs", "offers", "ledger_transactions",
                             "ledger_holds", "wallet_balances", "audit_logs"});
         }},
        out);
}

}  // namespace coupon
