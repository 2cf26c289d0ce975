#include "stats.hpp"

#include <cstring>

namespace coupon {
namespace {

constexpr uint64_t kMagic = 0x33'73746174'736363ULL;

template <class Array>
uint64_t sum(const EdgeStats& stats, Array WorkerCounters::*member, size_t index) noexcept {
    uint64_t total = 0;
    for (const auto& worker : stats.workers) {
        total += (worker.*member)[index].load(std::memory_order_relaxed);
    }
    return total;
}

}  // namespace

std::string_view outcome_name(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::redirect: return "redirect";
        case Outcome::unjournaled: return "unjournaled";
        case Outcome::fallback: return "fallback";
        case Outcome::not_found: return "not_found";
        case Outcome::bad_request: return "bad_request";
        case Outcome::limited: return "limited";
        case Outcome::speculative: return "speculative";
        case Outcome::unavailable: return "unavailable";
        case Outcome::method_not_allowed: return "method_not_allowed";
        case Outcome::count: break;
    }
    return "";
}

std::string_view cache_name(CacheLevel level) noexcept {
    switch (level) {
        case CacheLevel::hit: return "HIT";
        case CacheLevel::miss: return "MISS";
        case CacheLevel::stale: return "STALE";
        case CacheLevel::negative: return "NEGATIVE";
        case CacheLevel::down: return "DOWN";
        case CacheLevel::none:
        case CacheLevel::count: break;
    }
    return "";
}

std::string_view event_name(Event event) noexcept {
    switch (event) {
        case Event::bot_click: return "bot";
        case Event::head_click: return "head";
        case Event::signature_missing: return "sig_missing";
        case Event::signature_bad: return "sig_bad";
        case Event::signature_expired: return "sig_expired";
        case Event::redis_batches_sent: return "redis_batches_sent";
        case Event::redis_entries_sent: return "redis_entries_sent";
        case Event::redis_batches_failed: return "redis_batches_failed";
        case Event::journal_prepare_failed: return "journal_prepare_failed";
        case Event::journal_prepared_late: return "journal_prepared_late";
        case Event::journal_adopted_segments: return "journal_adopted_segments";
        case Event::journal_corrupt_records: return "journal_corrupt_records";
        case Event::count: break;
    }
    return "";
}

std::string_view webhook_outcome_name(WebhookOutcome outcome) noexcept {
    switch (outcome) {
        case WebhookOutcome::accepted: return "accepted";
        case WebhookOutcome::missing: return "missing";
        case WebhookOutcome::malformed: return "malformed";
        case WebhookOutcome::bad: return "bad";
        case WebhookOutcome::stale: return "stale";
        case WebhookOutcome::method_not_allowed: return "method_not_allowed";
        case WebhookOutcome::too_large: return "too_large";
        case WebhookOutcome::too_many_bytes: return "too_many_bytes";
        case WebhookOutcome::unavailable: return "unavailable";
        case WebhookOutcome::count: break;
    }
    return "";
}

void Histogram::add(uint64_t duration_ns) noexcept {
    size_t bucket = 0;
    while (bucket < kLatencyBounds_us.size() && duration_ns > uint64_t{kLatencyBounds_us[bucket]} * 1000) {
        ++bucket;
    }
    WorkerCounters::bump(buckets[bucket], 1);
    WorkerCounters::bump(sum_ns, duration_ns);
}

EdgeStats* EdgeStats::attach(void* memory, size_t bytes) noexcept {
    if (bytes < sizeof(EdgeStats)) {
        return nullptr;
    }
    auto* stats = static_cast<EdgeStats*>(memory);
    if (stats->magic != kMagic || stats->bytes != sizeof(EdgeStats)) {
        std::memset(memory, 0, sizeof(EdgeStats));
        stats->bytes = sizeof(EdgeStats);
        std::atomic_ref<uint64_t>(stats->magic).store(kMagic, std::memory_order_release);
    }
    return stats;
}

uint64_t EdgeStats::total(Outcome outcome) const noexcept {
    return sum(*this, &WorkerCounters::outcomes, static_cast<size_t>(outcome));
}

uint64_t EdgeStats::total(CacheLevel level) const noexcept {
    return sum(*this, &WorkerCounters::cache, static_cast<size_t>(level));
}

uint64_t EdgeStats::total(Event event) const noexcept {
    return sum(*this, &WorkerCounters::events, static_cast<size_t>(event));
}

}  // namespace coupon
