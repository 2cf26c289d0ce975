// Jobs as rows of PostgreSQL: taken under a lease, settled only by who holds it. Every role that
// works on rows stands on this. A worker that died, or was too slow, is fenced off by the token.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
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
    int starts = 1;    // this one included, since the job last ended: above a few it is poison
    std::string correlation_id;  // of a row that names none, its id
    std::vector<std::optional<std::string>> columns;  // as JobTable was told, in that order
};

class JobTable {
  public:
    // `table` and `columns` are constants of the role, never input; `columns` are SQL expressions
    // over the table. `condition` narrows what this role takes, for example "kind = 'fulfill'".
    JobTable(std::string table, const std::vector<std::string>& columns,
             std::string condition = "true");

    // Leases up to `max` due jobs, oldest first, skipping what others hold; first those whose lease
    // ran out. Throws PgError.
    std::vector<Job> take(PgConnection& pg, int max, std::chrono::seconds lease) const;

    // Each throws LeaseLost when the job is no longer this worker's, and PgError. Call them inside
    // the transaction of the effect. `extra` are more assignments, "outcome = $3", with their
    // values from $3 on ($1 and $2 are the job's id and token).
    void complete(PgConnection& pg, const Job& job, std::string_view extra = {},
                  const std::vector<PgParameter>& values = {}) const;
    void dead(PgConnection& pg, const Job& job, std::string_view error, std::string_view extra = {},
              const std::vector<PgParameter>& values = {}) const;
    // Pending again after `delay`, with one attempt more.
    void retry(PgConnection& pg, const Job& job, std::chrono::milliseconds delay,
               std::string_view error) const;
    // Pending again, as if never taken: at once for a stop, `after` that time where PostgreSQL failed
    // it, so that others have their turn first.
    void give_back(PgConnection& pg, const Job& job, std::chrono::milliseconds after = {}) const;
    // A taken job that has to wait is not begun: whatever kills the process meanwhile was not this
    // job. Not `begun` takes the start back that take() counted; `begun` counts it again.
    void count_start(PgConnection& pg, const Job& job, bool begun) const;
    // False: the job is no longer this worker's.
    bool renew(PgConnection& pg, const Job& job, std::chrono::seconds lease) const;

    [[nodiscard]] const std::string& name() const noexcept { return table_; }

  private:
    // `assignments` may use $3 and on; the lease ends in any case.
    void settle(PgConnection& pg, const Job& job, std::string_view assignments,
                std::string_view extra, std::vector<PgParameter> values) const;

    std::string table_;
    std::string take_sql_;
    std::string renew_sql_;
};

}  // namespace coupon
