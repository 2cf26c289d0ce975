#include "webhook_service.hpp"

#include "clock.hpp"
#include "random_seed.hpp"

#include "journal/folder.hpp"

#include <algorithm>

namespace coupon {
namespace {

constexpr uint64_t kBodies_bytes = 64 << 20;
constexpr uint64_t kWorkerGone_ms = 5000;

// Ids of webhooks are nobody's clicks: no key that is kept makes them.
SipKey random_key() { return {random_seed(), random_seed()}; }

uint64_t bytes_of_others(const EdgeStats& stats, const WorkerCounters& own) noexcept {
    const uint64_t now_ms = boottime_ms();
    uint64_t bytes = 0;
    for (const WorkerCounters& worker : stats.workers) {
        if (&worker != &own && worker.gauges.updated_ms + kWorkerGone_ms > now_ms) {
            bytes += worker.gauges.webhooks_in_flight_bytes;
        }
    }
    return bytes;
}

QueueOptions queue_options(const MainConf& main, const EdgeStats& stats, const WorkerCounters& counters) {
    QueueOptions options;
    options.kind = "webhooks";
    options.bytes_max = main.queue_max_webhook_bytes;
    options.other_bytes = [&stats, &counters] { return bytes_of_others(stats, counters); };
    return options;
}

}  // namespace

WebhookService::WebhookService(const MainConf& main, EdgeStats& stats, WorkerCounters& counters, ngx_log_t* log)
    : journal_(main, counters, log),
      delivery_(queue_options(main, stats, counters), *main.redis, journal_, counters, log),
      ids_(random_key(), random_seed()),
      bodies_(std::max<uint64_t>(kBodies_bytes, 2 * main.webhook_body_max_bytes)) {}

void WebhookService::every_second() {
    journal_.every_second();
    delivery_.every_second();
}

void WebhookService::refresh_gauges(WorkerGauges& gauges) const noexcept {
    const DeliveryCounts counts = journal_.counts();
    gauges.webhooks_paused = delivery_.paused();
    gauges.webhooks_unsent = counts.unsent;
    gauges.webhooks_unsettled = counts.unsent + counts.in_flight;
    gauges.webhooks_oldest_unsettled_ms = counts.oldest_unsettled_ms;
    gauges.webhooks_in_flight_bytes = delivery_.unsettled_bytes();
    gauges.webhooks_body_bytes = bodies_.used();
    gauges.webhooks_segments = counts.segments;
}

bool needs_webhook_service(const MainConf& main) {
    if (main.webhooks) {
        return true;
    }
    for (const Uuid& owner : list_owners(main.journal->directory)) {
        for (const SegmentName& name : list_writer(main.journal->directory, owner)) {
            if (name.kind == JournalKind::webhooks) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace coupon
