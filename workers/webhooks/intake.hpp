// From queue:webhooks into webhook_logs, a batch at a time: an entry first becomes a row, then leaves
// Redis.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "runtime/log.hpp"
#include "runtime/patient_writer.hpp"
#include "runtime/queue_reader.hpp"
#include "runtime/stop_signal.hpp"
#include "webhooks/log_store.hpp"

namespace coupon {

struct IntakeOptions {
    std::size_t batch_max = 500;  // entries claimed at once
    int flush_ms = 50;            // between two looks into an empty queue
};

// For metrics; read by any thread.
struct IntakeTotals {
    std::atomic<std::uint64_t> accepted{0}, refused{0}, failed{0}, duplicates{0}, conflicts{0};
};

class WebhookIntake {
  public:
    // `stored` is called after each batch with how many entries it had and whether there is
    // something to work on. Throws ConfigError for a wrong URL.
    WebhookIntake(const std::string& database_url, const RedisAddress& redis,
                  const std::string& worker_id, IntakeOptions options,
                  std::function<void(std::size_t entries, bool work)> stored,
                  const StopSignal& stop, const Log& log);

    // Until a stop is requested; then everything claimed is a row, or given back where PostgreSQL is
    // away.
    void run();

    [[nodiscard]] const IntakeTotals& totals() const noexcept { return totals_; }

  private:
    bool write(LogBatch& batch, IntakeCounts& counts);
    void count(const IntakeCounts& counts);

    const IntakeOptions options_;
    const std::function<void(std::size_t, bool)> stored_;
    const StopSignal& stop_;
    const Log& log_;
    QueueReader queue_;
    PgConnection pg_;
    LogStore store_;
    PatientWriter writer_;
    IntakeTotals totals_;
};

}  // namespace coupon
