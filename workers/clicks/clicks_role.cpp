#include "clicks/clicks_role.hpp"

#include "runtime/watched_loop.hpp"
#include "runtime/worker_metrics.hpp"

namespace coupon {
namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t claim_bytes_max = 16 << 20;
constexpr int statement_deadline_ms = 30'000;
constexpr std::chrono::seconds report_every{10};

}  // namespace

ClicksRole::ClicksRole(const std::string& database_url, const RedisAddress& redis,
                       const WorkerIdentity& identity, ClicksOptions options,
                       const StopSignal& stop, const Log& log, Metrics& metrics)
    : options_(options),
      stop_(stop),
      log_(log),
      queue_(redis, "clicks", identity.id, stop, log),
      pg_(database_url, "coupon-worker clicks", statement_deadline_ms, prepare_click_session),
      store_(pg_, log),
      writer_(store_, stop, log),
      partitions_(database_url, log),
      heartbeat_(redis, identity, log),
      report_due_(steady::now() + report_every) {
    add_worker_metrics(metrics, identity, heartbeat_);
    add_queue_metrics(metrics, redis, "clicks");
    add_metrics(metrics);
}

void ClicksRole::run() {
    log_.info("started", {{"redis", queue_.address().text()},
                          {"postgres", pg_.text()},
                          {"batch", static_cast<std::int64_t>(options_.batch_max)},
                          {"flush_ms", options_.flush_ms}});
    WatchedLoop loop("clicks");
    const WatchedLoop::Turns turns(loop);
    std::optional<ClickBatch> current;
    while (true) {
        loop.came_round();
        keep_house();
        if (!current) {
            current = claim();
        }
        if (!current) {
            if (stop_.requested()) {
                break;
            }
            stop_.sleep_ms(queue_.wait_ms(options_.flush_ms));
            continue;
        }
        std::optional<ClickBatch> next;
        StoreCounts counts;
        // While PostgreSQL works on this batch, the next one is taken and parsed; a batch that was
        // not full says there is none.
        const auto take_next = [&] {
            if (current->size() >= options_.batch_max && !queue_.in_doubt()) {
                next = claim();
            }
        };
        const bool stored = writer_.write(*current, take_next, counts);
        count(counts);
        if (!stored) {
            log_.warn("stopping while PostgreSQL is away; what was claimed goes back to the queue");
            queue_.give_back_own();
            break;
        }
        heartbeat_.count_jobs(current->size());
        // Claims that Redis no longer has as ours are back in the queue: storing them here as well
        // would only make duplicates.
        if (!queue_.settle(current->size(), current->entry(0))) {
            next.reset();
        }
        current = std::move(next);
    }
    report(true);
    log_.info("stopped");
}

std::optional<ClickBatch> ClicksRole::claim() {
    if (auto entries = queue_.claim(options_.batch_max, claim_bytes_max)) {
        return ClickBatch(std::move(entries));
    }
    return std::nullopt;
}

void ClicksRole::keep_house() {
    report(false);
    partitions_.keep();
    queue_.keep_house();
}

void ClicksRole::count(const StoreCounts& counts) {
    since_report_ += counts;
    stored_ += counts.stored;
    duplicates_ += counts.duplicates;
    conflicts_ += counts.conflicts;
    rejected_ += counts.rejected;
}

void ClicksRole::add_metrics(Metrics& metrics) const {
    metrics.add([this](MetricsText& out) {
        const auto add = [&out](std::string_view outcome, std::uint64_t value) {
            out.counter("coupon_intake_total", "Entries taken from the queue, by what became of them.",
                        static_cast<double>(value), {{"queue", "clicks"}, {"outcome", outcome}});
        };
        add("stored", stored_);
        add("duplicate", duplicates_);
        add("conflict", conflicts_);
        add("rejected", rejected_);
    });
}

// One line per ten seconds in which anything came; the time since the last one is at least that.
void ClicksRole::report(bool last) {
    if (!last && steady::now() < report_due_) {
        return;
    }
    report_due_ = steady::now() + report_every;
    if (since_report_.stored + since_report_.duplicates + since_report_.rejected == 0) {
        return;
    }
    log_.info("clicks", {{"stored", static_cast<std::int64_t>(since_report_.stored)},
                         {"duplicates", static_cast<std::int64_t>(since_report_.duplicates)},
                         {"conflicts", static_cast<std::int64_t>(since_report_.conflicts)},
                         {"rejected", static_cast<std::int64_t>(since_report_.rejected)}});
    since_report_ = {};
}

}  // namespace coupon
