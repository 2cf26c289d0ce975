#include "record_journal.hpp"

#include "clock.hpp"

#include "io/offload.hpp"

#include <algorithm>
#include <exception>

namespace coupon {
namespace {

constexpr uint64_t kQueueStateMatters_ms = 50'000;  // re-sending begins at 60 s
constexpr uint64_t kQueueStateLasts_ms = 3'000;

uint64_t now_ms() noexcept { return monotonic_ns() / 1'000'000; }

}  // namespace

// What opening found; made on any thread.
struct RecordJournal::Opening {
    std::shared_ptr<SegmentMap> map;
    std::unique_ptr<WorkerJournal> journal;
    JournalNews news;
    std::string warning;
    std::string error;

    Opening(StoreOptions options, bool syncs) noexcept {
        try {
            map = SegmentMap::open(options.directory, error, warning);
            if (map) {
                journal = WorkerJournal::start(std::move(options), map, syncs, now_ms(), news, error);
            }
        } catch (const std::exception& failure) {
            error = failure.what();
        }
    }
};

RecordJournal::RecordJournal(RecordJournalOptions options, WorkerCounters& counters, SyncCounters& syncs, ngx_log_t* log)
    : options_(std::move(options)), counters_(counters), syncs_(syncs), log_(log) {
    Opening opening(options_.store, options_.syncs);
    take(opening);
}

// Whoever takes the segment over need not look for its end.
RecordJournal::~RecordJournal() {
    if (journal_) {
        journal_->writer().seal_current();
    }
}

void RecordJournal::take(Opening& opening) {
    if (!opening.warning.empty()) {
        ngx_log_error(NGX_LOG_ERR, log_, 0, "coupon: journal: %s", opening.warning.c_str());
    }
    if (!opening.journal) {
        if (opening.error != complained_) {
            complained_ = opening.error;
            ngx_log_error(NGX_LOG_CRIT, log_, 0,
                          "coupon: journal: %s; %s until it can be opened", opening.error.c_str(),
                          options_.while_closed);
        }
        return;
    }
    map_ = std::move(opening.map);
    journal_ = std::move(opening.journal);
    JournalTasks::report(opening.news, counters_, log_);
    for (; unjournaled_while_closed_ > 0; --unjournaled_while_closed_) {
        journal_->writer().count_unjournaled();
    }
    tasks_ = std::make_unique<JournalTasks>(*journal_, counters_, log_);
    group_commit_ = std::make_unique<GroupCommit>(journal_->writer(), syncs_, log_);
    if (options_.sync_every_ms != 0) {
        sync_timer_ = std::make_unique<Timer>(log_, Timer::AtExit::cancelable, [this] {
            group_commit_->sync();
            sync_timer_->start(options_.sync_every_ms);
        });
        sync_timer_->start(options_.sync_every_ms);
    }
}

void RecordJournal::open_later() {
    if (opening_) {
        return;
    }
    auto opening = std::make_shared<std::unique_ptr<Opening>>();
    opening_ = offload(
        [opening, options = options_.store, syncs = options_.syncs] {
            *opening = std::make_unique<Opening>(options, syncs);
        },
        [this, opening] {
            opening_ = false;
            take(**opening);
        });
}

void RecordJournal::count_unjournaled() noexcept {
    if (journal_) {
        journal_->writer().count_unjournaled();
    } else {
        ++unjournaled_while_closed_;
    }
}

void RecordJournal::prepare_early() noexcept {
    try {
        tasks_->start_all();
    } catch (const std::exception& error) {
        ngx_log_error(NGX_LOG_ERR, log_, 0, "coupon: journal: no segment asked for: %s", error.what());
    }
}

char* RecordJournal::reserve_late(size_t bytes) noexcept {
    if (!options_.prepares_late) {
        prepare_early();
        return nullptr;
    }
    const uint64_t now = now_ms();
    if (journal_->full() || now < late_not_before_ms_) {
        return nullptr;
    }
    try {
        JournalTasks::report(journal_->prepare_now(now), counters_, log_);
        counters_.count(Event::journal_prepared_late);
    } catch (const std::exception& error) {
        ngx_log_error(NGX_LOG_ERR, log_, 0, "coupon: journal: no segment prepared: %s", error.what());
    }
    char* room = journal_->writer().reserve(bytes);
    if (room == nullptr) {
        constexpr uint64_t kRetry_ms = 250;
        late_not_before_ms_ = now + kRetry_ms;
    }
    return room;
}

SendBatch RecordJournal::next_batch(size_t records_max, size_t bytes_max) {
    const SendBatch batch = journal_->delivery().next_batch(records_max, bytes_max);
    waiting_ -= std::min<uint64_t>(waiting_, batch.records.size());
    return batch;
}

bool RecordJournal::wants_queue_state() const noexcept {
    const DeliveryCounts counts = journal_->delivery().counts();
    return counts.in_flight != 0 && counts.oldest_unsettled_ms >= kQueueStateMatters_ms;
}

void RecordJournal::queue_seen_empty(bool empty) noexcept {
    queue_empty_until_ms_ = empty ? now_ms() + kQueueStateLasts_ms : 0;
}

void RecordJournal::every_second() {
    if (!journal_) {
        open_later();
        return;
    }
    const uint64_t now = now_ms();
    journal_->delivery().tick({.now_ms = now,
                               .unix_ms = wall_ms(),
                               .queue_empty = now < queue_empty_until_ms_,
                               .settlements_read_ms = map_->settlements_read_ms()});
}

}  // namespace coupon
