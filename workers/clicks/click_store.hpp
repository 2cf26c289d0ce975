// One transaction in PostgreSQL: clicks, rejects, settled journal records and the offers' counters,
// all or nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "clicks/click_batch.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

struct StoreCounts {
    std::size_t stored = 0;      // new rows, conflicts included
    std::size_t duplicates = 0;  // were there already
    std::size_t conflicts = 0;   // stored under a fresh id
    std::size_t rejected = 0;

    StoreCounts& operator+=(const StoreCounts& other);
};

// What a connection needs before its first store(): pass it to PgConnection as on_open.
void prepare_click_session(PgConnection& pg);

class ClickStore {
  public:
    ClickStore(PgConnection& pg, const Log& log) : pg_(pg), log_(log) {}

    // Stores the rows [first, last) of a batch and the given rejects, once: what is there already
    // is left alone, so the call may be repeated after any failure. `meanwhile` runs once
    // PostgreSQL has its main work and before its answer is awaited; it must not throw. Throws
    // PgError; nothing is stored then, except that a connection lost in COMMIT leaves it open.
    StoreCounts store(const ClickBatch& batch, std::size_t first, std::size_t last,
                      std::span<const RejectedClick> rejects,
                      const std::function<void()>& meanwhile);

  private:
    class OfferCounts;

    std::size_t insert_clicks(OfferCounts& counts, const std::function<void()>& meanwhile);
    std::size_t insert_conflicts(OfferCounts& counts, const ClickBatch& batch);
    std::size_t insert_rejects(const ClickBatch& batch, std::span<const RejectedClick> rejects);
    void alert_conflict(const ClickBatch& batch, const PgResult& conflict, int row) const;

    PgConnection& pg_;
    const Log& log_;
};

}  // namespace coupon
