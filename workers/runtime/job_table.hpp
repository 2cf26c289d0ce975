// Jobs as rows of PostgreSQL: taken under a lease, settled only by who holds it. Every role that
// works on rows stands on this. A worker that died, or was too slow, is fenced off by the token.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/pg_connection.hpp"

namespace coupon {

// Another worker has the job now: whatever this one did in the open transaction must not stay.
class LeaseLost : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Job {
    std::string id;
    std::string lease_token;
    int attempts = 0;  // earlier ones, that ended in a retry
    std::string correlation_id;
    std::vector<std::optional<std::string>> columns;  // as JobTable was told, in that order
};

class JobTable {
  public:
    // `table` and `columns` are constants of the role, never input; `columns` are SQL expressions
    // over the table. `condition` narrows what this role takes, for example "kind = 'fulfill'".
    JobTable(std::string table, std::vector<std::string> columns, std::string condition = "true");

    // Leases up to `max` due jobs, oldest first, skipping what others hold; also those whose lease ran
    // out. A job begun `starts_max` times and never ended is put to the dead letters instead
    // (quarantine), with a reason. Throws PgError.
    std::vector<Job> take(PgConnection& pg, int max, std::chrono::seconds lease) const;

    // Each throws LeaseLost when the job is no longer this worker's, and PgError. Call them inside the
    // transaction of the effect. `extra` are more assignments, "outcome = $3", with their values from
    // $3 on ($1 and $2 are the job's id and token).
    void complete(PgConnection& pg, const Job& job, std::string_view extra = {},
                  const std::vector<PgParameter>& values = {}) const;
    void dead(PgConnection& pg, const Job& job, std::string_view error, std::string_view extra = {},
              const std::vector<PgParameter>& values = {}) const;
    // Pending again after `delay`, with one attempt more.
    void retry(PgConnection& pg, const Job& job, std::chrono::milliseconds delay,
               std::string_view error) const;
    // Pending again at once, as if never taken: for a stop.
    void give_back(PgConnection& pg, const Job& job) const;
    // Longer for those that still run; nothing for those that are lost.
    void renew(PgConnection& pg, const std::vector<Job>& jobs, std::chrono::seconds lease) const;

    [[nodiscard]] const std::string& name() const noexcept { return table_; }

  private:
    std::string table_;
    std::string columns_;
    std::string condition_;
};

}  // namespace coupon
