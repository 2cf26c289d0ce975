#include "click_journal.hpp"

namespace coupon {
namespace {

RecordJournalOptions options(const MainConf& main) {
    RecordJournalOptions options;
    options.store.directory = main.journal->directory;
    options.store.kind = JournalKind::clicks;
    options.store.budget_bytes = main.journal->size_bytes;
    options.store.segment_bytes = main.journal->segment_bytes;
    options.store.keep_ms = main.journal->keep_ms;
    options.store.edge = main.edge_id;
    options.store.durable = main.sync != SyncMode::off;
    options.syncs = main.sync != SyncMode::off;
    options.sync_every_ms = main.sync == SyncMode::interval ? main.sync_interval_ms : 0;
    options.while_closed = "redirects go on unjournaled";
    return options;
}

}  // namespace

ClickJournal::ClickJournal(const MainConf& main, WorkerCounters& counters, ngx_log_t* log)
    : RecordJournal(options(main), counters, counters.click_syncs, log) {}

RecordRef ClickJournal::append(ClickRecord& click) noexcept {
    return append_record<click_record_max_bytes, write_click_record>(click);
}

}  // namespace coupon
