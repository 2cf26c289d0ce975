#include "clicks/clicks_role.hpp"

namespace coupon {
namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t claim_bytes_max = 16 << 20;
constexpr int redis_timeout_ms = 10'000;
constexpr int statement_deadline_ms = 30'000;
constexpr std::chrono::seconds dead_every{5};
constexpr std::chrono::seconds report_every{10};

}  // namespace

ClicksRole::ClicksRole(const std::string& database_url, const RedisAddress& redis,
                       const WorkerIdentity& identity, ClicksOptions options,
                       const StopSignal& stop, const Log& log)
    : options_(options),
      stop_(stop),
      log_(log),
      redis_(redis, redis_timeout_ms),
      queue_(redis_, identity.id),
      pg_(database_url, "coupon-worker clicks", statement_deadline_ms, prepare_click_session),
      store_(pg_, log),
      writer_(store_, stop, log),
      partitions_(database_url, log),
      heartbeat_(redis, identity, log),
      idle_ms_(options.flush_ms),
      report_due_(steady::now() + report_every) {}

void ClicksRole::run() {
    log_.info("started", {{"redis", redis_.address().text()},
                          {"postgres", pg_.text()},
                          {"batch", static_cast<std::int64_t>(options_.batch_max)},
                          {"flush_ms", options_.flush_ms}});
    std::optional<ClickBatch> current;
    while (true) {
        keep_house();
        if (!current) {
            current = claim();
        }
        if (!current) {
            if (stop_.requested()) {
                break;
            }
            stop_.sleep_ms(idle_ms_);
            continue;
        }
        std::optional<ClickBatch> next;
        StoreCounts counts;
        // While PostgreSQL works on this batch, the next one is taken and parsed; a batch that was
        // not full says there is none.
        const auto take_next = [&] {
            if (current->size() >= options_.batch_max && !claims_in_doubt_) {
                next = claim();
            }
        };
        const bool stored = writer_.write(*current, take_next, counts);
        since_report_ += counts;
        if (!stored) {
            log_.warn("stopping while PostgreSQL is away; what was claimed goes back to the queue");
            give_back_own();
            break;
        }
        heartbeat_.count_jobs(current->size());
        // Claims that Redis no longer has as ours are back in the queue: storing them here as well
        // would only make duplicates.
        if (!settle(*current)) {
            next.reset();
        }
        current = std::move(next);
    }
    report(true);
    log_.info("stopped");
}

std::optional<ClickBatch> ClicksRole::claim() {
    if (stop_.requested()) {
        return std::nullopt;
    }
    try {
        if (claims_in_doubt_) {
            queue_.give_back_own();
            claims_in_doubt_ = false;
        }
        auto entries = queue_.claim(options_.batch_max, claim_bytes_max);
        if (!redis_backoff_.fresh()) {
            log_.info("Redis answers again");
            redis_backoff_.reset();
        }
        idle_ms_ = options_.flush_ms;
        if (entries) {
            return ClickBatch(std::move(entries));
        }
    } catch (const RedisUnavailable& failure) {
        distrust_redis(failure);
    } catch (const RedisRefused& failure) {
        distrust_redis(failure);
    }
    return std::nullopt;
}

bool ClicksRole::settle(const ClickBatch& batch) {
    try {
        if (queue_.settle(batch.size(), batch.entry(0))) {
            return true;
        }
        claims_in_doubt_ = true;
        log_.warn(
            "Redis no longer holds this worker's claims; what else it had is back in the queue");
    } catch (const RedisUnavailable& failure) {
        distrust_redis(failure);
    } catch (const RedisRefused& failure) {
        distrust_redis(failure);
    }
    return false;
}

void ClicksRole::give_back_own() {
    try {
        queue_.give_back_own();
    } catch (const std::exception& failure) {
        // Another worker gives them back once our heartbeat is gone; and the edges send again what
        // is lost.
        distrust_redis(failure);
    }
}

void ClicksRole::distrust_redis(const std::exception& failure) {
    claims_in_doubt_ = true;
    if (redis_backoff_.fresh()) {
        log_.warn("Redis does not answer as it should; it is tried until it does",
                  {{"error", failure.what()}});
    }
    idle_ms_ = redis_backoff_.next_ms();
}

void ClicksRole::keep_house() {
    report(false);
    partitions_.keep();
    if (steady::now() < dead_due_ || stop_.requested()) {
        return;
    }
    dead_due_ = steady::now() + dead_every;
    try {
        const auto given = queue_.give_back_of_the_dead();
        if (given > 0) {
            log_.info("gave back what dead workers had claimed",
                      {{"entries", static_cast<std::int64_t>(given)}});
        }
    } catch (const std::exception& failure) {
        distrust_redis(failure);
    }
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
