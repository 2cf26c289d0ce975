#include "journal/worker_journal.hpp"

#include <exception>

namespace coupon {

namespace {

constexpr uint64_t kPrepareRetry_ms = 250;
constexpr uint64_t kAdoptEvery_ms = 2000;
constexpr uint64_t kRetireRetry_ms = 1000;
constexpr size_t kAdoptedAtOnce_max = 64;

// A message is news when it differs from the last one of its source.
void say_once(std::string& last, const std::string& message, JournalNews& news) {
    if (message != last) {
        last = message;
        if (!message.empty()) {
            news.warnings.push_back(message);
        }
    }
}

}  // namespace

void JournalTask::run() noexcept {
    try {
        run_throwing();
    } catch (const std::exception& failure) {
        error_ = failure.what();
    }
}

void JournalTask::run_throwing() {
    switch (kind_) {
        case Kind::prepare:
            prepared_ = store_->prepare();
            break;
        case Kind::adopt:
            adopted_ = store_->adopt(kAdoptedAtOnce_max);
            break;
        case Kind::load:
            loaded_ = store_->load(to_load_.segment, to_load_.file_bytes, to_load_.records, error_);
            break;
        case Kind::retire:
            retired_ = store_->retire(to_retire_->identity().id, to_retire_->slot(), true, error_);
            if (retired_) {
                to_retire_.reset();
            }
            break;
        case Kind::discard:
            discarded_ = Discarded{};
            break;
    }
}

WorkerJournal::WorkerJournal(std::shared_ptr<JournalStore> store, bool syncs)
    : store_(std::move(store)),
      delivery_(store_->map(), syncs),
      writer_(store_->map(), store_->writer_slot(), delivery_) {}

std::unique_ptr<WorkerJournal> WorkerJournal::start(StoreOptions options,
                                                    std::shared_ptr<SegmentMap> map, bool syncs,
                                                    uint64_t now_ms, JournalNews& news,
                                                    std::string& error) {
    std::shared_ptr<JournalStore> store =
        JournalStore::open(std::move(options), std::move(map), error);
    if (!store) {
        return nullptr;
    }
    std::unique_ptr<WorkerJournal> journal(new WorkerJournal(std::move(store), syncs));
    for (auto kind : {JournalTask::Kind::adopt, JournalTask::Kind::prepare}) {
        if (kind == JournalTask::Kind::prepare && journal->store().options().adopt_only) {
            continue;
        }
        auto task = journal->make(kind);
        task->run();
        JournalNews some = journal->finish(*task, now_ms);
        news.warnings.insert(news.warnings.end(), some.warnings.begin(), some.warnings.end());
        news.adopted_segments += some.adopted_segments;
        news.unreadable_records += some.unreadable_records;
        news.prepare_failed = news.prepare_failed || some.prepare_failed;
    }
    return journal;
}

std::unique_ptr<JournalTask> WorkerJournal::make(JournalTask::Kind kind) const {
    return std::unique_ptr<JournalTask>(new JournalTask(kind, store_));
}

std::unique_ptr<JournalTask> WorkerJournal::next_task(uint64_t now_ms) {
    if (!preparing_ && now_ms >= prepare_at_ms_ && writer_.wants_spare() &&
        !store_->options().adopt_only) {
        preparing_ = true;
        return make(JournalTask::Kind::prepare);
    }
    if (auto request = delivery_.take_load(now_ms)) {
        auto task = make(JournalTask::Kind::load);
        task->to_load_ = *request;
        return task;
    }
    if (!retiring_ && now_ms >= retire_at_ms_) {
        auto file = to_retire_ ? std::move(to_retire_) : delivery_.take_retired();
        if (file) {
            retiring_ = true;
            auto task = make(JournalTask::Kind::retire);
            task->to_retire_ = std::move(file);
            return task;
        }
    }
    Discarded discarded = delivery_.take_discarded();
    if (!discarded.empty()) {
        auto task = make(JournalTask::Kind::discard);
        task->discarded_ = std::move(discarded);
        return task;
    }
    if (!adopting_ && now_ms >= adopt_at_ms_) {
        adopting_ = true;
        return make(JournalTask::Kind::adopt);
    }
    return nullptr;
}

JournalNews WorkerJournal::prepare_now(uint64_t now_ms) {
    const bool threads_prepare = preparing_;
    auto task = make(JournalTask::Kind::prepare);
    task->run();
    JournalNews news = finish(*task, now_ms);
    preparing_ = threads_prepare;
    return news;
}

JournalNews WorkerJournal::finish(JournalTask& task, uint64_t now_ms) {
    JournalNews news;
    switch (task.kind()) {
        case JournalTask::Kind::prepare:
            finish_prepare(task, now_ms, news);
            break;
        case JournalTask::Kind::adopt:
            finish_adopt(task, now_ms, news);
            break;
        case JournalTask::Kind::load:
            finish_load(task, now_ms, news);
            break;
        case JournalTask::Kind::retire:
            finish_retire(task, now_ms, news);
            break;
        case JournalTask::Kind::discard:
            break;
    }
    return news;
}

void WorkerJournal::finish_prepare(JournalTask& task, uint64_t now_ms, JournalNews& news) {
    preparing_ = false;
    PrepareResult& result = task.prepared_;
    if (result.segment) {
        writer_.give_spare(std::move(result.segment));
        full_ = false;
        prepare_at_ms_ = now_ms;
        say_once(prepare_error_, "", news);
        return;
    }
    prepare_at_ms_ = now_ms + kPrepareRetry_ms;
    full_ = result.full;
    news.prepare_failed = !result.full;
    std::string message = task.error_.empty() ? result.error : task.error_;
    if (result.full) {
        message = "the journal's budget for " + std::string(kind_name(store_->options().kind)) +
                  " is used up by unsettled segments";
    }
    say_once(prepare_error_, message, news);
}

void WorkerJournal::finish_adopt(JournalTask& task, uint64_t now_ms, JournalNews& news) {
    adopting_ = false;
    AdoptResult& result = task.adopted_;
    if (result.error.empty() && task.error_.empty()) {
        occupied_segments_ = result.occupied_segments;
        disk_ = result.disk;
    }
    adopt_at_ms_ = result.more ? now_ms : now_ms + kAdoptEvery_ms;
    say_once(adopt_error_, task.error_.empty() ? result.error : task.error_, news);
    if (result.warnings != adopt_warnings_) {
        news.warnings.insert(news.warnings.end(), result.warnings.begin(), result.warnings.end());
        adopt_warnings_ = result.warnings;
    }
    news.adopted_segments = result.segments.size();
    for (AdoptedSegment& segment : result.segments) {
        if (segment.loaded) {
            news.unreadable_records += segment.loaded->index.unreadable().count();
        }
        delivery_.adopt(std::move(segment), now_ms);
    }
}

void WorkerJournal::finish_load(JournalTask& task, uint64_t now_ms, JournalNews& news) {
    if (!task.loaded_) {
        news.warnings.push_back(task.error_);
    } else if (uint64_t lost = task.loaded_->index.unreadable().count()) {
        news.unreadable_records += lost;
        news.warnings.push_back(
            std::to_string(lost) + " of " + std::to_string(task.to_load_.records) +
            " records are not readable in segment " + to_string(task.to_load_.segment));
    }
    delivery_.finish_load(task.to_load_.segment, std::move(task.loaded_), now_ms);
}

void WorkerJournal::finish_retire(JournalTask& task, uint64_t now_ms, JournalNews& news) {
    retiring_ = false;
    if (!task.retired_) {
        to_retire_ = std::move(task.to_retire_);
        retire_at_ms_ = now_ms + kRetireRetry_ms;
    }
    say_once(retire_error_, task.error_, news);
}

}  // namespace coupon
