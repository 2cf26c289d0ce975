// Gets a batch into PostgreSQL whatever happens: waits while PostgreSQL is away, and finds the one
// row it will not take.
#pragma once

#include <functional>
#include <string>

#include "clicks/click_batch.hpp"
#include "clicks/click_store.hpp"
#include "runtime/backoff.hpp"
#include "runtime/log.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

class BatchWriter {
  public:
    BatchWriter(ClickStore& store, const StopSignal& stop, const Log& log)
        : store_(store), stop_(stop), log_(log) {}

    // Returns once every entry is a row or a reject, adding to `counts`; false when a stop was
    // requested while PostgreSQL did not take them. `meanwhile` runs at most once; see
    // ClickStore::store.
    bool write(const ClickBatch& batch, const std::function<void()>& meanwhile,
               StoreCounts& counts);

  private:
    enum class Outcome { stored, refused, stopped };

    // One transaction, repeated until it is in; refused when its data cannot be stored, with the
    // reason in refusal_.
    Outcome attempt(const ClickBatch& batch, std::size_t first, std::size_t last,
                    std::span<const RejectedClick> rejects, const std::function<void()>& meanwhile,
                    StoreCounts& counts);
    bool write_halves(const ClickBatch& batch, std::size_t first, std::size_t last,
                      StoreCounts& counts);
    void log_rejects(const ClickBatch& batch, std::span<const RejectedClick> rejects) const;

    ClickStore& store_;
    const StopSignal& stop_;
    const Log& log_;
    Backoff backoff_{50, 5000};
    std::string refusal_;
};

}  // namespace coupon
