// The clicks role: from queue:clicks into offer_clicks, a batch at a time, until a stop is
// requested.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "clicks/batch_writer.hpp"
#include "clicks/click_store.hpp"
#include "clicks/partition_keeper.hpp"
#include "runtime/heartbeat.hpp"
#include "runtime/log.hpp"
#include "runtime/metrics.hpp"
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
    // Throws ConfigError for a wrong URL. Redis and PostgreSQL may be away. Adds what the role counts
    // to `metrics`, which is asked no longer than the role lives.
    ClicksRole(const std::string& database_url, const RedisAddress& redis,
               const WorkerIdentity& identity, ClicksOptions options, const StopSignal& stop,
               const Log& log, Metrics& metrics);

    // Returns after a stop was requested and everything claimed is stored, or given back where
    // PostgreSQL is away.
    void run();

  private:
    std::optional<ClickBatch> claim();
    void keep_house();
    void report(bool last);
    void count(const StoreCounts& counts);
    void add_metrics(Metrics& metrics) const;

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
    // Read by the thread that answers for metrics.
    std::atomic<std::uint64_t> stored_{0}, duplicates_{0}, conflicts_{0}, rejected_{0};
};

}  // namespace coupon
