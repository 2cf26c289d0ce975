// The row of cron_runs of a run that this worker has begun, on the connection of its job.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cron/cron_runs.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// All throw LeaseLost where another worker has the run by now, and PgError.
class RunRow {
  public:
    RunRow(PgConnection& pg, CronClaim claim) : pg_(pg), claim_(std::move(claim)) {}

    [[nodiscard]] const CronClaim& claim() const noexcept { return claim_; }

    // Keeps others from taking the run over until the end of the transaction.
    void fence();

    void complete(const nlohmann::ordered_json& result);
    void fail(const std::string& why);
    // Another worker begins it.
    void give_back();
    // Counts that it is begun again, by this worker; what was begun before is fenced off.
    void begin_again();

  private:
    void change(const char* sql, const PgParameter& value);

    PgConnection& pg_;
    CronClaim claim_;
};

}  // namespace coupon
