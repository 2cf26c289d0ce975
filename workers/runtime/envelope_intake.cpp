#include "runtime/envelope_intake.hpp"

#include <thread>

#include "runtime/job_runner.hpp"
#include "runtime/watched_loop.hpp"

namespace coupon {
namespace {

// Entries are written as text: a batch takes a few times as much memory.
constexpr std::size_t claim_bytes_max = 4 << 20;
constexpr int statement_deadline_ms = 30'000;

}  // namespace

EnvelopeIntake::EnvelopeIntake(EnvelopeQueue queue, const std::string& database_url,
                               const RedisAddress& redis, const std::string& worker_id,
                               std::function<void(std::size_t entries)> stored,
                               const StopSignal& stop, const Log& log)
    : options_(std::move(queue)),
      stored_(std::move(stored)),
      stop_(stop),
      log_(log),
      queue_(redis, options_.name, worker_id, stop, log),
      pg_(database_url, "coupon-worker intake", statement_deadline_ms, prepare_job_session),
      table_(pg_, options_.name, options_.table, options_.recipients),
      writer_(stop, log) {
    if (options_.recipients) {
        keys_.emplace(
            options_.name, options_.table, database_url,
            [this](const EnvelopeCounts& counts) {
                count(counts);
                stored_(0);
            },
            stop, log);
    }
}

void EnvelopeIntake::run() {
    WatchedLoop loop("intake");
    const WatchedLoop::Turns turns(loop);
    std::thread keys([this] {
        if (keys_) {
            keys_->run();
        }
    });
    while (!stop_.requested()) {
        queue_.keep_house();
        const auto claimed =
            queue_.claim(static_cast<std::size_t>(options_.batch_max), claim_bytes_max);
        if (!claimed) {
            stop_.sleep_ms(queue_.wait_ms(options_.flush_ms));
            continue;
        }
        std::vector<EnvelopeEntry> entries;
        for (std::size_t i = 0; i < claimed->elements; ++i) {
            const auto text = reply_text(*claimed->element[i]);
            entries.push_back({text, parse_envelope(text, options_.recipients)});
        }
        EnvelopeCounts counts;
        const bool complete = write(entries, counts);
        count(counts);
        if (!complete) {
            log_.warn("stopping while PostgreSQL is away; what was claimed goes back to the queue");
            queue_.give_back_own();
            break;
        }
        queue_.settle(entries.size(), entries.front().text);
        stored_(entries.size());
    }
    keys.join();
}

bool EnvelopeIntake::write(std::vector<EnvelopeEntry>& entries, EnvelopeCounts& counts) {
    const auto store = [&](std::size_t first, std::size_t last) {
        counts += table_.store(entries, first, last);
    };
    return writer_.in_halves(0, entries.size(), store,
                             [&](std::size_t row, const std::string& why) {
                                 auto& envelope = entries[row].envelope;
                                 envelope.error = "PostgreSQL refuses it: " + why;
                                 // Too long for a column, perhaps; the whole text is kept anyway.
                                 envelope.type.clear();
                                 envelope.correlation_id.clear();
                                 store(row, row + 1);
                             });
}

void EnvelopeIntake::count(const EnvelopeCounts& counts) {
    totals_.accepted += counts.accepted;
    totals_.failed += counts.failed;
    totals_.duplicates += counts.duplicates;
    if (counts.failed > 0) {
        log_.error(
            "entries cannot be understood; they are failed rows",
            {{"table", options_.table}, {"entries", static_cast<std::int64_t>(counts.failed)}});
    }
}

}  // namespace coupon
