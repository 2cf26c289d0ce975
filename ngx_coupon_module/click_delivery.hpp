// Pushes journalled clicks to Redis in batches: one RPUSH at a time, as full as the traffic allows,
// and no click older than a few milliseconds when there is little. Redis may lose everything: the
// queue's epoch tells that it did.
#pragma once

#include "click_journal.hpp"
#include "conf.hpp"
#include "queue_epoch.hpp"
#include "stats.hpp"

#include "io/next_turn.hpp"
#include "io/redis_connection.hpp"
#include "io/timer.hpp"

#include <string>

namespace coupon {

class ClickDelivery {
public:
    // All must outlive this.
    ClickDelivery(const MainConf& main, ClickJournal& journal, WorkerCounters& counters, ngx_log_t* log);

    RedisConnection& redis() noexcept { return redis_; }

    // True while the queue is longer than coupon_queue_max: the journal holds what comes.
    bool paused() const noexcept { return paused_; }

    void every_second();

private:
    void appended(uint64_t waiting) noexcept;
    void connection_lost();
    void epoch_known(uint64_t epoch);
    void send();
    void replied(uint64_t token, size_t records, const RedisReply* reply);
    void send_more();
    void back_off(std::string_view why);
    void pause();
    void ask_queue_length();
    void ask_whether_empty();

    ClickJournal& journal_;
    WorkerCounters& counters_;
    ngx_log_t* log_;
    const uint64_t queue_max_;
    RedisConnection redis_;
    QueueEpoch epoch_;
    NextTurn soon_;      // a batch is full enough
    Timer later_;        // the oldest unsent click has waited long enough
    Timer retry_;        // Redis refused; or the queue's length is asked again
    std::string wire_;   // reused for each batch
    bool in_flight_ = false;
    bool paused_ = false;
    bool refused_ = false;
    uint64_t refusals_logged_ms_ = 0;
};

}  // namespace coupon
