// Asking for a run of a cron job. The worker that leads looks for it; NOTIFY only wakes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/pg_connection.hpp"

namespace coupon {

struct CronRequest {
    enum class Outcome { asked, already_asked, unknown_job } outcome = Outcome::asked;
    std::string id;  // of the run; of the one that waits already, where one does
};

// Inserts the run, with its row in audit_logs, in a transaction of its own. Throws PgError.
CronRequest request_cron_run(PgConnection& pg, const std::string& job, const std::string& actor,
                             const std::string& reason);

}  // namespace coupon
