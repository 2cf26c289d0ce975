#include "click_journal.hpp"

#include "clock.hpp"

#include <algorithm>
#include <stdexcept>

namespace coupon {
namespace {

constexpr uint64_t kQueueStateMatters_ms = 50'000;  // re-sending begins at 60 s
constexpr uint64_t kQueueStateLasts_ms = 3'000;

uint64_t now_ms() noexcept { return monotonic_ns() / 1'000'000; }

std::shared_ptr<SegmentMap> open_map(const std::string& directory, ngx_log_t* log) {
    std::string error;
    std::string warning;
    std::shared_ptr<SegmentMap> map = SegmentMap::open(directory, error, warning);
    if (!map) {
        throw std::runtime_error("journal: " + error);
    }
    if (!warning.empty()) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "coupon: journal: %s", warning.c_str());
    }
    return map;
}

StoreOptions store_options(const MainConf& main) {
    StoreOptions options;
    options.directory = main.journal->directory;
    options.kind = JournalKind::clicks;
    options.budget_bytes = main.journal->size_bytes;
    options.segment_bytes = main.journal->segment_bytes;
    options.keep_ms = main.journal->keep_ms;
    options.edge = main.edge_id;
    options.durable = main.sync != SyncMode::off;
    return options;
}

}  // namespace

ClickJournal::ClickJournal(const MainConf& main, WorkerCounters& counters, ngx_log_t* log)
    : map_(open_map(main.journal->directory, log)) {
    std::string error;
    JournalNews news;
    journal_ = WorkerJournal::start(store_options(main), map_, main.sync != SyncMode::off, now_ms(), news, error);
    if (!journal_) {
        throw std::runtime_error("journal: " + error);
    }
    JournalTasks::report(news, counters, log);
    tasks_ = std::make_unique<JournalTasks>(*journal_, counters, log);
    group_commit_ = std::make_unique<GroupCommit>(journal_->writer(), log);
    if (main.sync == SyncMode::interval) {
        sync_timer_ = std::make_unique<Timer>(log, Timer::AtExit::cancelable, [this, interval_ms = main.sync_interval_ms] {
            group_commit_->sync();
            sync_timer_->start(interval_ms);
        });
        sync_timer_->start(main.sync_interval_ms);
    }
}

// Whoever takes the segment over need not look for its end.
ClickJournal::~ClickJournal() { journal_->writer().seal_current(); }

RecordRef ClickJournal::append(ClickRecord& click) noexcept {
    JournalWriter& writer = journal_->writer();
    // Any segment's name is as long as this one, and reserve() may go on to another segment.
    constexpr std::string_view kAnySegment = "00000000-0000-0000-0000-000000000000";
    click.segment = kAnySegment;
    char* room = writer.reserve(click_record_max_bytes(click));
    if (room == nullptr) {
        return {};
    }
    click.segment = {writer.segment_text(), kAnySegment.size()};
    click.seq = writer.next_seq();
    const RecordRef record = writer.commit(write_click_record(click, room));
    appended_(++waiting_);
    return record;
}

SendBatch ClickJournal::next_batch(size_t records_max, size_t bytes_max) {
    const SendBatch batch = journal_->delivery().next_batch(records_max, bytes_max);
    waiting_ -= std::min<uint64_t>(waiting_, batch.records.size());
    return batch;
}

bool ClickJournal::wants_queue_state() const noexcept {
    const DeliveryCounts counts = journal_->delivery().counts();
    return counts.in_flight != 0 && counts.oldest_unsettled_ms >= kQueueStateMatters_ms;
}

void ClickJournal::queue_seen_empty(bool empty) noexcept {
    queue_empty_until_ms_ = empty ? now_ms() + kQueueStateLasts_ms : 0;
}

void ClickJournal::every_second() {
    const uint64_t now = now_ms();
    journal_->delivery().tick({.now_ms = now,
                               .unix_ms = wall_ms(),
                               .queue_empty = now < queue_empty_until_ms_,
                               .settlements_read_ms = map_->settlements_read_ms()});
}

}  // namespace coupon
