// One reading of everything an edge knows about itself, for /stats and /metrics.
#pragma once

#include "stats.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace coupon {

struct WorkerReport {
    uint64_t pid = 0;
    bool leader = false;
    bool redis_connected = false;
    bool postgres_connected = false;
    bool sending_paused = false;
    uint64_t clicks_unsent = 0;
    uint64_t clicks_unsettled = 0;
    uint64_t segments = 0;
    uint64_t webhooks_unsent = 0;
    uint64_t webhooks_unsettled = 0;
};

struct HistogramReport {
    std::vector<uint64_t> buckets;  // one more than kLatencyBounds_us, not cumulative
    uint64_t count = 0;
    double sum_s = 0;
};

struct WebhookReport {
    // provider → outcome → count, for the providers that some location of this edge has seen.
    std::vector<std::pair<std::string_view, std::vector<std::pair<std::string_view, uint64_t>>>> providers;
    uint64_t refusals_recorded = 0;
    uint64_t refusals_unrecorded = 0;
    uint64_t syncs = 0;
    uint64_t synced_records = 0;
    uint64_t unsent = 0;
    uint64_t unsettled = 0;
    double oldest_unsettled_s = 0;
    uint64_t in_flight_bytes = 0;  // sent, not settled
    uint64_t body_bytes = 0;       // of bodies that are being received
    uint64_t segments = 0;
    bool sending_paused = false;
    HistogramReport waiting;
};

// Of one kind of records, all workers together.
struct JournalSpace {
    std::string_view kind;
    uint64_t used_bytes = 0;    // segments that are written to or unsettled, as of a few seconds ago
    uint64_t budget_bytes = 0;
};

struct EdgeReport {
    std::string edge;
    std::vector<std::pair<std::string_view, uint64_t>> outcomes;
    std::vector<std::pair<std::string_view, uint64_t>> cache;
    std::vector<std::pair<std::string_view, uint64_t>> events;
    HistogramReport handling;
    HistogramReport waiting;
    std::vector<WorkerReport> workers;  // those that reported in the last seconds
    uint64_t clicks_unsent = 0;
    uint64_t clicks_unsettled = 0;
    double oldest_unsettled_s = 0;
    uint64_t segments = 0;
    bool redis_connected = false;       // every worker is
    bool postgres_connected = false;    // the leader is
    bool sending_paused = false;        // some worker waits for the queue to shrink
    std::vector<JournalSpace> journal;
    uint64_t journal_disk_free_bytes = 0;
    uint64_t journal_disk_bytes = 0;    // 0: not looked at yet, or it cannot be
    WebhookReport webhooks;
    bool has_catalog = false;           // some location has coupon_redirect
    uint64_t catalog_entries = 0;
    uint64_t catalog_free_bytes = 0;
    uint64_t catalog_evictions = 0;
    bool catalog_loaded = false;
    bool catalog_complete = false;
    double catalog_log_age_s = 0;       // since the change log was read; negative: never
    uint64_t snapshot_written_s = 0;    // Unix seconds; 0: not since start
};

// From a worker's event loop.
EdgeReport edge_report();

}  // namespace coupon
