#include "webhook_journal.hpp"

namespace coupon {
namespace {

RecordJournalOptions options(const MainConf& main) {
    RecordJournalOptions options;
    options.store.directory = main.journal->directory;
    options.store.kind = JournalKind::webhooks;
    options.store.budget_bytes = main.journal->webhooks_bytes;
    options.store.segment_bytes = main.journal->segment_bytes;
    options.store.keep_ms = main.journal->keep_ms;
    options.store.edge = main.edge_id;
    options.store.durable = true;
    options.store.adopt_only = !main.webhooks;
    options.syncs = true;
    // A durable segment takes several syncs; all redirects of the worker would wait for them.
    options.prepares_late = false;
    options.while_closed = "webhooks are answered 503";
    return options;
}

}  // namespace

WebhookJournal::WebhookJournal(const MainConf& main, WorkerCounters& counters, ngx_log_t* log)
    : RecordJournal(options(main), counters, counters.webhook_syncs, log) {}

RecordRef WebhookJournal::append(WebhookRecord& webhook) noexcept {
    return append_record<webhook_record_max_bytes, write_webhook_record>(webhook);
}

bool WebhookJournal::can_ever_fit(const WebhookRecord& webhook) const noexcept {
    constexpr size_t kSegmentName_bytes = 36;
    const size_t needed = record_bytes(webhook_record_max_bytes(webhook) + kSegmentName_bytes);
    return needed <= store_options().segment_bytes - kSegmentHeader_bytes;
}

bool WebhookJournal::has_room_for_refused() const noexcept {
    const uint64_t budget = store_options().budget_bytes;
    return is_open() && occupied_bytes() < budget - budget / 5;
}

}  // namespace coupon
