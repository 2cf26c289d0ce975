// Workers that append, send, adopt and retire on two threads, killed at any moment, hundreds of
// times; Redis is a socket, PostgreSQL and the leader are the test itself. In the end every record
// whose commit returned is settled exactly once under its own number, and the counts say so.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "journal/reader.hpp"
#include "journal/worker_journal.hpp"
#include "journal_support.hpp"

namespace coupon {
namespace {

using namespace test;

constexpr uint64_t kNumbers_max = 2'000'000;

// Memory that outlives the children: what they were told is journaled.
struct Ledger {
    std::atomic<uint64_t> next;
    std::atomic<uint64_t> unjournaled;
    std::atomic<uint64_t> now_ms;
    std::atomic<uint8_t> committed[kNumbers_max];
};

// A worker's thread pool of one.
class Pool {
  public:
    Pool() : thread_([this] { work(); }) {}

    bool idle() const { return !task_; }
    void run(std::shared_ptr<JournalTask> task) {
        std::lock_guard lock(mutex_);
        task_ = std::move(task);
        ready_ = false;
        changed_.notify_one();
    }
    std::shared_ptr<JournalTask> finished() {
        std::lock_guard lock(mutex_);
        return ready_ ? std::exchange(task_, nullptr) : nullptr;
    }

  private:
    void work() {
        std::unique_lock lock(mutex_);
        while (true) {
            changed_.wait(lock, [this] { return task_ && !ready_; });
            auto task = task_;
            lock.unlock();
            task->run();
            lock.lock();
            ready_ = true;
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<JournalTask> task_;
    bool ready_ = false;
    std::thread thread_;
};

class JournalKill : public ::testing::Test {
  protected:
    void SetUp() override {
        void* memory = mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        ASSERT_NE(memory, MAP_FAILED);
        ledger_ = static_cast<Ledger*>(memory);
        ledger_->now_ms = 1000;
        // A message is one RPUSH: whole or not at all, whoever is killed.
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, queue_), 0);
        map_ = open_map(folder_.path());
    }
    void TearDown() override {
        close(queue_[0]);
        close(queue_[1]);
        munmap(ledger_, sizeof(Ledger));
    }

    StoreOptions options() const {
        StoreOptions options = small_options(folder_.path(), 200);
        options.unix_ms = nullptr;
        options.keep_ms = 5;
        return options;
    }

    // One worker's life, until it is killed, or until all it could find is settled.
    void work(bool append_more) {
        JournalNews news;
        std::string error;
        auto journal = WorkerJournal::start(options(), open_map(folder_.path()), false,
                                            ledger_->now_ms, news, error);
        if (!journal) {
            fprintf(stderr, "%s\n", error.c_str());
            _exit(1);
        }
        journal->delivery().on_epoch(1);
        Pool pool;
        for (uint64_t turn = 0;; ++turn) {
            uint64_t now_ms = ledger_->now_ms;
            for (int at = 0; append_more && at < 20 && append_one(journal->writer()); ++at) {
            }
            send(*journal, now_ms);
            if (auto task = pool.finished()) {
                for (const std::string& warning : journal->finish(*task, now_ms).warnings) {
                    if (warning.find("used up") == std::string::npos) {
                        fprintf(stderr, "%s\n", warning.c_str());
                        _exit(1);
                    }
                }
            } else if (pool.idle()) {
                if (std::shared_ptr<JournalTask> next = journal->next_task(now_ms)) {
                    pool.run(std::move(next));
                }
            }
            journal->delivery().tick({now_ms, 0, !append_more, now_ms});
            if (turn % 16 == 0) {
                usleep(50);
            }
        }
    }

    bool append_one(JournalWriter& writer) {
        uint64_t number = ledger_->next.fetch_add(1);
        if (number >= kNumbers_max) {
            return false;
        }
        char text[400];
        int size =
            snprintf(text, sizeof text, "%0*lu", static_cast<int>(20 + number % 300), number);
        char* room = writer.reserve(sizeof text);
        if (room == nullptr) {
            writer.count_unjournaled();
            ledger_->unjournaled.fetch_add(1);
            usleep(100);
            return false;
        }
        // As a click record does, the payload says where it stands.
        int length = snprintf(room, sizeof text, "%.36s %u %.*s\n", writer.segment_text(),
                              writer.next_seq(), std::min(size, 330), text);
        RecordRef record = writer.commit(static_cast<size_t>(length));
        ledger_->committed[number].store(1);
        writer.count_served(record);
        return true;
    }

    void send(WorkerJournal& journal, uint64_t now_ms) {
        SendBatch batch = journal.delivery().next_batch(200, 1 << 16);
        if (batch.records.empty()) {
            return;
        }
        std::string all;
        for (std::string_view record : batch.records) {
            all += record;
        }
        if (write(queue_[1], all.data(), all.size()) == static_cast<ssize_t>(all.size())) {
            journal.delivery().on_sent(batch.token, now_ms);
        } else {
            journal.delivery().on_not_sent(batch.token);
        }
    }

    // The click worker and the leader: stores what came, settles it, writes the counts.
    void settle() {
        char buffer[1 << 17];
        for (ssize_t got; (got = read(queue_[0], buffer, sizeof buffer)) > 0;) {
            std::string_view batch(buffer, static_cast<size_t>(got));
            for (size_t end; (end = batch.find('\n')) != std::string_view::npos;) {
                store(std::string(batch.substr(0, end)));
                batch.remove_prefix(end + 1);
            }
        }
        std::vector<SlotView> slots;
        map_->for_each([&](const SlotView& view) { slots.push_back(view); });
        for (const SlotView& view : slots) {
            if (view.needs_row()) {
                SegmentCounts& row = table_[view.segment];
                row.served = std::max(row.served, view.counts.served);
                row.unjournaled = std::max(row.unjournaled, view.counts.unjournaled);
                row.sealed = view.counts.sealed;
                map_->mark_persisted(view.id, view.counts);
            }
            auto found = settled_.find(view.segment);
            if (!view.done && found != settled_.end()) {
                map_->publish_settled(view.id, view.segment, found->second);
            }
        }
    }

    void store(const std::string& line) {
        char segment[37];
        unsigned seq;
        unsigned long number;
        ASSERT_EQ(sscanf(line.c_str(), "%36s %u %lu", segment, &seq, &number), 3) << line;
        auto id = parse_uuid(segment);
        ASSERT_TRUE(id);
        auto [row, fresh] = stored_.try_emplace({*id, seq}, number);
        ASSERT_EQ(row->second, number);  // never another record under the same number
        if (fresh) {
            ASSERT_TRUE(numbers_.insert(number).second) << number;  // never twice under two
        }
        settled_[*id].add(seq);
    }

    void check_all_settled() {
        uint64_t committed = 0;
        for (uint64_t number = 0; number < std::min<uint64_t>(ledger_->next, kNumbers_max);
             ++number) {
            if (ledger_->committed[number].load() != 0) {
                ++committed;
                EXPECT_TRUE(numbers_.contains(number)) << number;
            }
        }
        uint64_t served = 0;
        uint64_t unjournaled = 0;
        for (const auto& [segment, row] : table_) {
            uint64_t stored = settled_.contains(segment) ? settled_[segment].count() : 0;
            EXPECT_LE(row.served, stored) << "missing in " << to_string(segment);
            served += row.served;
            unjournaled += row.unjournaled;
        }
        EXPECT_LE(served, committed);
        EXPECT_GE(served + kills_, committed);  // a kill between commit and count
        EXPECT_LE(ledger_->unjournaled, unjournaled + kills_);
        RecordProperty("committed", std::to_string(committed));
        RecordProperty("unjournaled", std::to_string(unjournaled));
        EXPECT_GT(committed, 1000u);
    }

    void drain() {
        pid_t last = start_child([&] { work(false); });
        auto reader = [&] {
            std::string error;
            return JournalReader::open(folder_.path(), error)->list(false);
        };
        auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
        for (int idle = 0; idle < 20 && std::chrono::steady_clock::now() < deadline;) {
            ledger_->now_ms += 1000;
            settle();
            usleep(5000);
            bool pending = false;
            for (const SegmentInfo& segment : reader()) {
                pending = pending || segment.committed != 0 || segment.owner == OwnerState::dead;
            }
            idle = pending ? 0 : idle + 1;
        }
        kill(last, SIGKILL);
        wait_for(last);
        settle();
    }

    TemporaryFolder folder_;
    Ledger* ledger_ = nullptr;
    int queue_[2] = {-1, -1};
    std::shared_ptr<SegmentMap> map_;
    uint64_t kills_ = 0;

    std::map<std::pair<Uuid, uint32_t>, uint64_t> stored_;
    std::set<uint64_t> numbers_;
    std::map<Uuid, SeqRanges> settled_;
    std::map<Uuid, SegmentCounts> table_;
};

TEST_F(JournalKill, NothingIsTornLostOrDoubled) {
    std::mt19937 random(3);
    std::vector<pid_t> workers;
    auto start = [&] { return start_child([&] { work(true); }); };
    for (int at = 0; at < 3; ++at) {
        workers.push_back(start());
    }
    for (int kill_number = 0; kill_number < 200; ++kill_number) {
        usleep(random() % 15000);
        settle();
        ledger_->now_ms += random() % 3000;
        size_t victim = random() % workers.size();
        kill(workers[victim], SIGKILL);
        ASSERT_EQ(wait_for(workers[victim]), -SIGKILL);
        ++kills_;
        if (kill_number % 50 == 49) {  // all at once
            for (size_t at = 0; at < workers.size(); ++at) {
                if (at != victim) {
                    kill(workers[at], SIGKILL);
                    ASSERT_EQ(wait_for(workers[at]), -SIGKILL);
                    ++kills_;
                    workers[at] = start();
                }
            }
        }
        workers[victim] = start();
    }
    for (pid_t worker : workers) {
        kill(worker, SIGKILL);
        ASSERT_EQ(wait_for(worker), -SIGKILL);
        ++kills_;
    }
    drain();
    check_all_settled();

    // Nothing is left but what the last process held; the budget was kept.
    auto store = open_store(options(), map_);
    EXPECT_TRUE(store->adopt(1000).segments.empty());
    settle();
    store->adopt(1000);
    size_t slots = 0;
    map_->for_each([&](const SlotView&) { ++slots; });
    EXPECT_EQ(slots, 1u);
    uint64_t bytes = 0;
    for (const SegmentName& name : list_settled(folder_.path())) {
        bytes += name.file_bytes;
    }
    EXPECT_LE(bytes, options().budget_bytes);
}

}  // namespace
}  // namespace coupon
