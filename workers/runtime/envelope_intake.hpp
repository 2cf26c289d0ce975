// From queue:<name> into the rows of a job table, a batch at a time: an entry first becomes a row,
// then leaves Redis. Rows that FastAPI inserted itself get their idempotency key here as well.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/envelope_table.hpp"
#include "runtime/key_giver.hpp"
#include "runtime/log.hpp"
#include "runtime/patient_writer.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/queue_reader.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

struct EnvelopeQueue {
    std::string name;   // without "queue:"
    std::string table;  // a constant: email_queue, sms_queue, cashback_jobs
    // False: its jobs have no "to", and rows that come without a key need none.
    bool recipients = true;
    int batch_max = 500;
    int flush_ms = 50;  // between two looks into an empty queue
};

// For metrics; read by any thread.
struct EnvelopeTotals {
    std::atomic<std::uint64_t> accepted{0}, failed{0}, duplicates{0};
};

class EnvelopeIntake {
  public:
    // `stored` is called after each batch that left something to work on, with how many entries
    // came from Redis in it; by run()'s thread and by another. Throws ConfigError.
    EnvelopeIntake(EnvelopeQueue queue, const std::string& database_url, const RedisAddress& redis,
                   const std::string& worker_id, std::function<void(std::size_t entries)> stored,
                   const StopSignal& stop, const Log& log);

    // Until a stop is requested; then everything claimed is a row, or given back where PostgreSQL
    // is away.
    void run();

    [[nodiscard]] const EnvelopeTotals& totals() const noexcept { return totals_; }

  private:
    bool write(std::vector<EnvelopeEntry>& entries, EnvelopeCounts& counts);
    void count(const EnvelopeCounts& counts);

    const EnvelopeQueue options_;
    const std::function<void(std::size_t)> stored_;
    const StopSignal& stop_;
    const Log& log_;
    QueueReader queue_;
    PgConnection pg_;
    EnvelopeTable table_;
    PatientWriter writer_;
    // On a thread of its own: a Redis that hangs must not hold up what needs none.
    std::optional<KeyGiver> keys_;
    EnvelopeTotals totals_;
};

}  // namespace coupon
