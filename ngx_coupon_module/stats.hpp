// Counters of one edge in shared memory: a block per worker slot, summed when somebody asks.
// They survive reload and a worker's death, not the master's.
#pragma once

#include "nginx.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace coupon {

enum class Outcome : uint8_t {
    redirect,           // 302 to the merchant, click journalled
    unjournaled,        // 302 to the merchant, click not journalled: the disk budget was full
    fallback,           // 302 to coupon_fallback
    not_found,          // 404
    bad_request,        // 400
    limited,            // 429
    speculative,        // 403, prefetch or prerender
    unavailable,        // 503
    method_not_allowed, // 405
    count
};

enum class CacheLevel : uint8_t { none, hit, miss, stale, negative, down, count };

std::string_view outcome_name(Outcome outcome) noexcept;
std::string_view cache_name(CacheLevel level) noexcept;

enum class Event : uint8_t {
    bot_click,
    head_click,
    signature_missing,
    signature_bad,
    signature_expired,
    redis_batches_sent,
    redis_entries_sent,
    redis_batches_failed,
    journal_prepare_failed,
    journal_prepared_late,  // on the event loop: threads were not fast enough
    journal_adopted_segments,
    journal_corrupt_records,
    count
};

std::string_view event_name(Event event) noexcept;

enum class WebhookOutcome : uint8_t {
    accepted,            // 200
    missing,             // 400
    malformed,           // 400
    bad,                 // 401
    stale,               // 401
    method_not_allowed,  // 405
    too_large,           // 413
    too_many_bytes,      // 503, the bodies in memory reached their bound
    unavailable,         // 503, not journalled or not synced
    count
};

std::string_view webhook_outcome_name(WebhookOutcome outcome) noexcept;

// Room for the rows of core's table of providers: the zone's layout does not change with each of them.
inline constexpr size_t kWebhookProviders_max = 32;

// Upper bounds of the latency histograms, in microseconds; one more bucket is unbounded.
inline constexpr std::array<uint32_t, 12> kLatencyBounds_us = {1,   2,    5,    10,    25,     100,
                                                               500, 1000, 5000, 25000, 100000, 1000000};

struct Histogram {
    std::array<std::atomic<uint64_t>, kLatencyBounds_us.size() + 1> buckets;
    std::atomic<uint64_t> sum_ns;

    void add(uint64_t duration_ns) noexcept;
};

// What the group commit of one journal did.
struct SyncCounters {
    std::atomic<uint64_t> syncs;
    std::atomic<uint64_t> records;  // that were not on disk before

    void add(uint64_t synced_records) noexcept {
        syncs.fetch_add(1, std::memory_order_relaxed);
        records.fetch_add(synced_records, std::memory_order_relaxed);
    }
};

// State of a worker's connections and journal, refreshed by it once a second.
struct WorkerGauges {
    std::atomic<uint64_t> pid;
    std::atomic<uint64_t> updated_ms;  // boot time
    std::atomic<uint64_t> redis_connected;
    std::atomic<uint64_t> postgres_connected;  // only meaningful for the leader
    std::atomic<uint64_t> leader;
    std::atomic<uint64_t> sending_paused;
    std::atomic<uint64_t> clicks_unsent;
    std::atomic<uint64_t> clicks_unsettled;
    std::atomic<uint64_t> oldest_unsettled_ms;  // age
    std::atomic<uint64_t> segments;
    std::atomic<uint64_t> webhooks_paused;
    std::atomic<uint64_t> webhooks_unsent;
    std::atomic<uint64_t> webhooks_unsettled;
    std::atomic<uint64_t> webhooks_oldest_unsettled_ms;  // age
    std::atomic<uint64_t> webhooks_in_flight_bytes;      // sent, not settled
    std::atomic<uint64_t> webhooks_body_bytes;           // in memory
    std::atomic<uint64_t> webhooks_segments;
};

struct alignas(64) WorkerCounters {
    std::array<std::atomic<uint64_t>, static_cast<size_t>(Outcome::count)> outcomes;
    std::array<std::atomic<uint64_t>, static_cast<size_t>(CacheLevel::count)> cache;
    std::array<std::atomic<uint64_t>, static_cast<size_t>(Event::count)> events;
    Histogram handling;  // time inside the module of every 64th immediate answer
    Histogram waiting;   // every answer that had to wait: a miss, or the journal's sync
    WorkerGauges gauges;
    SyncCounters click_syncs;
    SyncCounters webhook_syncs;
    Histogram webhook_waiting;  // of a whole webhook, until it is on disk
    std::atomic<uint64_t> webhook_refusals_recorded;
    std::atomic<uint64_t> webhook_refusals_unrecorded;
    std::array<std::array<std::atomic<uint64_t>, static_cast<size_t>(WebhookOutcome::count)>, kWebhookProviders_max>
        webhooks;

    void count(Outcome outcome) noexcept { bump(outcomes[static_cast<size_t>(outcome)], 1); }
    void count(CacheLevel level) noexcept { bump(cache[static_cast<size_t>(level)], 1); }
    void count(Event event, uint64_t n = 1) noexcept { bump(events[static_cast<size_t>(event)], n); }

    void count(size_t provider, WebhookOutcome outcome) noexcept {
        bump(webhooks[provider % kWebhookProviders_max][static_cast<size_t>(outcome)], 1);
    }

    // Two workers share a slot only while an old and a new one overlap in a reload.
    static void bump(std::atomic<uint64_t>& counter, uint64_t n) noexcept {
        counter.fetch_add(n, std::memory_order_relaxed);
    }
};

inline constexpr size_t kWorkerSlots = 128;

struct EdgeStats {
    uint64_t magic;
    uint64_t bytes;
    std::atomic<uint64_t> snapshot_written_ms;  // Unix ms
    std::array<WorkerCounters, kWorkerSlots> workers;

    // Keeps what is there when it has this layout (after a reload), else starts from zero.
    static EdgeStats* attach(void* memory, size_t bytes) noexcept;
    WorkerCounters& slot(ngx_uint_t worker) noexcept { return workers[worker % kWorkerSlots]; }

    uint64_t total(Outcome outcome) const noexcept;
    uint64_t total(CacheLevel level) const noexcept;
    uint64_t total(Event event) const noexcept;
};

}  // namespace coupon
