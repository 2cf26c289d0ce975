#include "webhooks/intake.hpp"

#include "runtime/job_runner.hpp"
#include "runtime/watched_loop.hpp"

namespace coupon {
namespace {

// Bodies are decoded, hashed and written as text: a batch takes a few times as much memory.
constexpr std::size_t claim_bytes_max = 4 << 20;
constexpr int statement_deadline_ms = 30'000;

}  // namespace

WebhookIntake::WebhookIntake(const std::string& database_url, const RedisAddress& redis,
                             const std::string& worker_id, IntakeOptions options,
                             std::function<void(std::size_t, bool)> stored, const StopSignal& stop,
                             const Log& log)
    : options_(options),
      stored_(std::move(stored)),
      stop_(stop),
      log_(log),
      queue_(redis, "webhooks", worker_id, stop, log),
      pg_(database_url, "coupon-worker intake", statement_deadline_ms, prepare_job_session),
      store_(pg_, log),
      writer_(stop, log) {}

void WebhookIntake::run() {
    WatchedLoop loop("intake");
    const WatchedLoop::Turns turns(loop);
    while (!stop_.requested()) {
        queue_.keep_house();
        auto entries = queue_.claim(options_.batch_max, claim_bytes_max);
        if (!entries) {
            stop_.sleep_ms(queue_.wait_ms(options_.flush_ms));
            continue;
        }
        LogBatch batch(std::move(entries));
        IntakeCounts counts;
        const bool complete = write(batch, counts);
        count(counts);
        if (!complete) {
            log_.warn("stopping while PostgreSQL is away; what was claimed goes back to the queue");
            queue_.give_back_own();
            return;
        }
        queue_.settle(batch.size(), batch.entry(0));
        stored_(batch.size(), counts.accepted > 0);
    }
}

bool WebhookIntake::write(LogBatch& batch, IntakeCounts& counts) {
    using Outcome = PatientWriter::Outcome;
    const auto store = [&](std::size_t first, std::size_t last) {
        counts += store_.store(batch, first, last);
    };
    const auto whole = writer_.attempt([&] { store(0, batch.size()); }, true);
    if (whole != Outcome::refused) {
        return whole == Outcome::stored;
    }
    log_.warn("PostgreSQL refuses a row of this batch; looking for it",
              {{"error", writer_.refusal()}});
    return writer_.in_halves(0, batch.size(), store, [&](std::size_t row, const std::string& why) {
        batch.fail(row, why);
        store(row, row + 1);
    });
}

void WebhookIntake::count(const IntakeCounts& counts) {
    totals_.accepted += counts.accepted;
    totals_.refused += counts.refused;
    totals_.failed += counts.failed;
    totals_.duplicates += counts.duplicates;
    totals_.conflicts += counts.conflicts;
    if (counts.failed > 0) {
        log_.error("entries of queue:webhooks cannot be read; they are failed rows of webhook_logs",
                   {{"entries", static_cast<std::int64_t>(counts.failed)}});
    }
}

}  // namespace coupon
