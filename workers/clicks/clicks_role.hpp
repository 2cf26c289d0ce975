// The clicks role: from queue:clicks into offer_clicks, a batch at a time, until a stop is
// requested.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "clicks/batch_writer.hpp"
#include "clicks/click_store.hpp"
#include "clicks/partition_keeper.hpp"
#include "runtime/heartbeat.hpp"
#include "runtime/log.hpp"
#include "runtime/queue_reader.hpp"
#include "runtime/stop_signal.hpp"
#include "runtime/worker_identity.hpp"

namespace coupon {

struct ClicksOptions {
    std::size_t batch_max = 8000;  // entries claimed at once; two batches are held at most
    int flush_ms = 200;            // a click waits no longer for others to share its transaction
};

class ClicksRole {
  public:
    // Throws ConfigError for a wrong URL. Redis and PostgreSQL may be away.
    ClicksRole(const std::string& database_url, const RedisAddress& redis,
               const WorkerIdentity& identity, ClicksOptions options, const StopSignal& stop,
               const Log& log);

    // Returns after a stop was requested and everything claimed is stored, or given back where
    // PostgreSQL is away.
    void run();

  private:
    std::optional<ClickBatch> claim();
    void keep_house();
    void report(bool last);

    const ClicksOptions options_;
    const StopSignal& stop_;
    const Log& log_;
    QueueReader queue_;
    PgConnection pg_;
    ClickStore store_;
    BatchWriter writer_;
    PartitionKeeper partitions_;
    Heartbeat heartbeat_;

    std::chrono::steady_clock::time_point report_due_;
    StoreCounts since_report_;
};

}  // namespace coupon
