// One transaction in PostgreSQL: rows of webhook_logs and the settled journal records, all or
// nothing.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "webhooks/log_batch.hpp"

namespace coupon {

struct IntakeCounts {
    std::size_t accepted = 0;    // rows to work on
    std::size_t refused = 0;     // rows the edge refused
    std::size_t failed = 0;      // rows nobody can work on
    std::size_t duplicates = 0;  // were there already
    std::size_t conflicts = 0;   // stored under a fresh id; counted above as well

    IntakeCounts& operator+=(const IntakeCounts& other);
};

class LogStore {
  public:
    LogStore(PgConnection& pg, const Log& log) : pg_(pg), log_(log) {}

    // Stores the rows [first, last), once: what is there already is left alone, so the call may be
    // repeated after any failure. Throws PgError.
    IntakeCounts store(const LogBatch& batch, std::size_t first, std::size_t last);

  private:
    // The places in `rows` of those that became a row.
    std::vector<bool> insert(const LogBatch& batch, const std::vector<std::size_t>& rows,
                             bool fresh_ids);
    // Those whose id is there with another place in a journal.
    std::vector<std::size_t> find_conflicts(const LogBatch& batch,
                                            const std::vector<std::size_t>& rows);

    PgConnection& pg_;
    const Log& log_;
};

}  // namespace coupon
