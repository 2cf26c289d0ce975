// Pushes the records of one journal to its queue in Redis, in batches: one RPUSH at a time, as full
// as the traffic allows, and no record older than a few milliseconds when there is little. Redis may
// lose everything: the queue's epoch tells that it did.
#pragma once

#include "queue_epoch.hpp"
#include "record_journal.hpp"
#include "stats.hpp"

#include "io/next_turn.hpp"
#include "io/redis_connection.hpp"
#include "io/timer.hpp"

#include <string>

namespace coupon {

// What is sent where, and how much of it.
struct QueueOptions {
    const char* kind = "";                 // as in queue:<kind> and in the log
    uint64_t entries_max = UINT64_MAX;     // sending pauses while the queue is longer than this …
    uint64_t bytes_max = UINT64_MAX;       // … or so much of this edge is sent and not settled
    std::function<uint64_t()> other_bytes = {};  // of that, what other workers sent; with bytes_max
};

class QueueDelivery {
public:
    // All must outlive this.
    QueueDelivery(QueueOptions options, const RedisOptions& redis, RecordJournal& journal, WorkerCounters& counters,
                  ngx_log_t* log);

    RedisConnection& redis() noexcept { return redis_; }
    bool ready() const noexcept { return redis_.ready(); }

    // True while coupon_queue_max is exceeded: the journal holds what comes.
    bool paused() const noexcept { return paused_; }

    // Sent by this worker and not settled; about, and zero while the journal is not open.
    uint64_t unsettled_bytes() const noexcept { return counted_bytes_ + sent_bytes_; }

    void every_second();

private:
    void appended(uint64_t waiting) noexcept;
    void connection_lost();
    void epoch_known(uint64_t epoch);
    void send();
    void replied(uint64_t token, size_t records, size_t bytes, const RedisReply* reply);
    void send_more();
    void back_off(std::string_view why);
    bool too_many_bytes(uint64_t limit) const;
    void count_bytes();
    void pause(const char* why);
    void see_whether_to_go_on();
    void ask_queue_length();
    void ask_whether_empty();

    const QueueOptions options_;
    const std::string queue_;
    const std::string claims_;
    RecordJournal& journal_;
    WorkerCounters& counters_;
    ngx_log_t* log_;
    RedisConnection redis_;
    QueueEpoch epoch_;
    NextTurn soon_;      // a batch is full enough
    Timer later_;        // the oldest unsent record has waited long enough
    Timer retry_;        // Redis refused; or it is seen whether the pause is over
    std::string wire_;   // reused for each batch
    bool in_flight_ = false;
    bool paused_ = false;
    bool refused_ = false;
    uint64_t refusals_logged_ms_ = 0;
    uint64_t counted_bytes_ = 0;  // sent and not settled, when it was last counted
    uint64_t sent_bytes_ = 0;     // since then
};

}  // namespace coupon
