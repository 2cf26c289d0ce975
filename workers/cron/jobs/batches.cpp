#include "cron/jobs/batches.hpp"

#include "runtime/pg_transaction.hpp"

namespace coupon {

std::int64_t repeat_batches(CronRun& run, const char* sql, std::vector<PgParameter> parameters) {
    parameters.emplace_back(std::to_string(batch_rows_max));
    std::int64_t rows = 0;
    std::int64_t taken = 1;
    while (taken > 0 && !run.stop.requested()) {
        PgTransaction transaction(run.pg);
        run.fence();
        taken = run.pg.execute(sql, parameters).affected();
        transaction.commit();
        rows += taken;
    }
    return rows;
}

}  // namespace coupon
