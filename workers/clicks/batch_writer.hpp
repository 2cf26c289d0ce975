// Gets a batch into PostgreSQL whatever happens: waits while PostgreSQL is away, and finds the one
// row it will not take.
#pragma once

#include <functional>
#include <string>

#include "clicks/click_batch.hpp"
#include "clicks/click_store.hpp"
#include "runtime/log.hpp"
#include "runtime/patient_writer.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

class BatchWriter {
  public:
    BatchWriter(ClickStore& store, const StopSignal& stop, const Log& log)
        : store_(store), log_(log), writer_(stop, log) {}

    // Returns once every entry is a row or a reject, adding to `counts`; false when a stop was
    // requested while PostgreSQL did not take them. `meanwhile` runs at most once; see
    // ClickStore::store.
    bool write(const ClickBatch& batch, const std::function<void()>& meanwhile,
               StoreCounts& counts);

  private:
    void log_rejects(const ClickBatch& batch, std::span<const RejectedClick> rejects) const;

    ClickStore& store_;
    const Log& log_;
    PatientWriter writer_;
};

}  // namespace coupon
