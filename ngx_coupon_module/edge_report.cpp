#include "edge_report.hpp"

#include "clock.hpp"
#include "edge.hpp"

#include "core/webhook/provider.hpp"

#include <algorithm>

namespace coupon {
namespace {

constexpr uint64_t kWorkerGone_ms = 5000;
constexpr uint64_t kCell_bytes = sizeof(Cell);

template <class Name, class Kind>
std::vector<std::pair<std::string_view, uint64_t>> totals(const EdgeStats& stats, Name name, Kind first) {
    std::vector<std::pair<std::string_view, uint64_t>> result;
    for (auto i = static_cast<size_t>(first); i < static_cast<size_t>(Kind::count); ++i) {
        const auto kind = static_cast<Kind>(i);
        result.emplace_back(name(kind), stats.total(kind));
    }
    return result;
}

HistogramReport sum(const EdgeStats& stats, Histogram WorkerCounters::*member) {
    HistogramReport report;
    report.buckets.resize(kLatencyBounds_us.size() + 1);
    for (const WorkerCounters& worker : stats.workers) {
        const Histogram& histogram = worker.*member;
        for (size_t i = 0; i < report.buckets.size(); ++i) {
            const uint64_t n = histogram.buckets[i].load(std::memory_order_relaxed);
            report.buckets[i] += n;
            report.count += n;
        }
        report.sum_s += static_cast<double>(histogram.sum_ns.load(std::memory_order_relaxed)) / 1e9;
    }
    return report;
}

WorkerReport read(const WorkerGauges& gauges) {
    return {.pid = gauges.pid,
            .leader = gauges.leader != 0,
            .redis_connected = gauges.redis_connected != 0,
            .postgres_connected = gauges.postgres_connected != 0,
            .sending_paused = gauges.sending_paused != 0,
            .clicks_unsent = gauges.clicks_unsent,
            .clicks_unsettled = gauges.clicks_unsettled,
            .segments = gauges.segments,
            .webhooks_unsent = gauges.webhooks_unsent,
            .webhooks_unsettled = gauges.webhooks_unsettled};
}

void add_worker(WebhookReport& report, const WorkerGauges& gauges) {
    report.unsent += gauges.webhooks_unsent;
    report.unsettled += gauges.webhooks_unsettled;
    report.in_flight_bytes += gauges.webhooks_in_flight_bytes;
    report.body_bytes += gauges.webhooks_body_bytes;
    report.segments += gauges.webhooks_segments;
    report.sending_paused = report.sending_paused || gauges.webhooks_paused != 0;
    report.oldest_unsettled_s =
        std::max(report.oldest_unsettled_s, static_cast<double>(gauges.webhooks_oldest_unsettled_ms) / 1e3);
}

void add_outcomes(WebhookReport& report, const EdgeStats& stats, std::string_view name, size_t index) {
    std::vector<std::pair<std::string_view, uint64_t>> outcomes;
    uint64_t all = 0;
    for (size_t i = 0; i < static_cast<size_t>(WebhookOutcome::count); ++i) {
        uint64_t total = 0;
        for (const WorkerCounters& worker : stats.workers) {
            total += worker.webhooks[index][i].load(std::memory_order_relaxed);
        }
        outcomes.emplace_back(webhook_outcome_name(static_cast<WebhookOutcome>(i)), total);
        all += total;
    }
    if (all != 0) {
        report.providers.emplace_back(name, std::move(outcomes));
    }
}

void add_webhooks(WebhookReport& report, const EdgeStats& stats) {
    const auto providers = webhook_providers();
    for (size_t i = 0; i < providers.size() && i < kWebhookProviders_max; ++i) {
        add_outcomes(report, stats, providers[i].name, i);
    }
    for (const WorkerCounters& worker : stats.workers) {
        report.refusals_recorded += worker.webhook_refusals_recorded.load(std::memory_order_relaxed);
        report.refusals_unrecorded += worker.webhook_refusals_unrecorded.load(std::memory_order_relaxed);
        report.syncs += worker.webhook_syncs.syncs.load(std::memory_order_relaxed);
        report.synced_records += worker.webhook_syncs.records.load(std::memory_order_relaxed);
    }
    report.waiting = sum(stats, &WorkerCounters::webhook_waiting);
}

void add_workers(EdgeReport& report, const EdgeStats& stats) {
    const uint64_t now_ms = boottime_ms();
    uint64_t oldest_ms = 0;
    report.redis_connected = true;
    for (const WorkerCounters& worker : stats.workers) {
        const WorkerGauges& gauges = worker.gauges;
        if (gauges.pid == 0 || gauges.updated_ms + kWorkerGone_ms < now_ms) {
            continue;
        }
        const WorkerReport& one = report.workers.emplace_back(read(gauges));
        report.clicks_unsent += one.clicks_unsent;
        report.clicks_unsettled += one.clicks_unsettled;
        report.segments += one.segments;
        report.redis_connected = report.redis_connected && one.redis_connected;
        report.postgres_connected = report.postgres_connected || one.postgres_connected;
        report.sending_paused = report.sending_paused || one.sending_paused;
        oldest_ms = std::max<uint64_t>(oldest_ms, gauges.oldest_unsettled_ms);
        add_worker(report.webhooks, gauges);
    }
    report.redis_connected = report.redis_connected && !report.workers.empty();
    report.oldest_unsettled_s = static_cast<double>(oldest_ms) / 1e3;
}

void add_journal(EdgeReport& report, Edge& edge) {
    const JournalConf& journal = *edge.conf().journal;
    if (edge.has_redirects()) {
        report.journal.push_back({"clicks", edge.clicks().occupied_bytes(), journal.size_bytes});
    }
    if (edge.has_webhooks()) {
        report.journal.push_back({"webhooks", edge.webhooks().journal().occupied_bytes(), journal.webhooks_bytes});
    }
    const JournalDisk disk = edge.has_redirects() ? edge.clicks().disk() : edge.webhooks().journal().disk();
    report.journal_disk_bytes = disk.size_bytes;
    report.journal_disk_free_bytes = disk.free_bytes;
}

void add_catalog(EdgeReport& report, const CatalogZone& catalog) {
    const CatalogStats stats = catalog.stats();
    const uint64_t now_ms = boottime_ms();
    report.catalog_entries = stats.entries;
    report.catalog_free_bytes = stats.free_cells * kCell_bytes;
    report.catalog_evictions = stats.evictions;
    report.catalog_loaded = catalog.loaded_once();
    report.catalog_complete = catalog.complete(now_ms);
    report.catalog_log_age_s = stats.log_read_ms == 0 ? -1 : static_cast<double>(now_ms - stats.log_read_ms) / 1e3;
}

}  // namespace

EdgeReport edge_report() {
    Edge& edge = Edge::current();
    edge.refresh_gauges();
    EdgeStats& stats = edge.stats();
    EdgeReport report;
    report.edge = edge.conf().edge_id;
    report.outcomes = totals(stats, outcome_name, Outcome::redirect);
    report.cache = totals(stats, cache_name, CacheLevel::hit);
    report.events = totals(stats, event_name, Event::bot_click);
    report.handling = sum(stats, &WorkerCounters::handling);
    report.waiting = sum(stats, &WorkerCounters::waiting);
    report.snapshot_written_s = stats.snapshot_written_ms / 1000;
    add_workers(report, stats);
    add_webhooks(report.webhooks, stats);
    add_journal(report, edge);
    if (edge.has_redirects()) {
        report.has_catalog = true;
        add_catalog(report, edge.catalog());
    }
    return report;
}

}  // namespace coupon
