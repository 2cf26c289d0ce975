#include "queue_delivery.hpp"

#include "clock.hpp"

namespace coupon {
namespace {

constexpr size_t kBatch_min = 256;  // below this a batch waits for more records …
constexpr ngx_msec_t kWait_ms = 20;  // … but no longer than this
constexpr size_t kBatch_max = 1024;
constexpr size_t kBatchBytes_max = 512 << 10;
constexpr size_t kWireKept_bytes = 2 << 20;
constexpr ngx_msec_t kDeadline_ms = 10'000;
constexpr ngx_msec_t kRefusedRetry_ms = 500;
constexpr ngx_msec_t kPausePoll_ms = 100;

// Several workers wait for the same queue: they must not ask in step.
ngx_msec_t with_jitter(ngx_msec_t delay_ms) noexcept {
    return delay_ms + static_cast<ngx_msec_t>(ngx_random()) % delay_ms;
}

}  // namespace

QueueDelivery::QueueDelivery(QueueOptions options, const RedisOptions& redis, RecordJournal& journal,
                             WorkerCounters& counters, ngx_log_t* log)
    : options_(std::move(options)),
      queue_(std::string("queue:") + options_.kind),
      claims_("{" + queue_ + "}:claims"),
      journal_(journal),
      counters_(counters),
      log_(log),
      redis_(
          redis, log, [this] { epoch_.read(); }, [this] { connection_lost(); }),
      epoch_(redis_, queue_, [this](uint64_t epoch) { epoch_known(epoch); }),
      soon_(log, [this] { send(); }),
      later_(log, Timer::AtExit::cancelable, [this] { send(); }),
      retry_(log, Timer::AtExit::cancelable, [this] { paused_ ? see_whether_to_go_on() : send_more(); }) {
    journal_.on_append([this](uint64_t waiting) { appended(waiting); });
    redis_.start();
}

void QueueDelivery::every_second() {
    count_bytes();
    if (redis_.ready()) {
        epoch_.read();
        if (journal_.is_open() && journal_.wants_queue_state()) {
            ask_whether_empty();
        }
    }
    send_more();  // what became due again
}

// On the request's path: an event is armed once a batch, not once a click.
void QueueDelivery::appended(uint64_t waiting) noexcept {
    if (waiting == 1 && !later_.running()) {
        later_.start(kWait_ms);
    } else if (waiting == kBatch_min) {
        soon_.ask();
    }
}

void QueueDelivery::connection_lost() {
    epoch_.forget();
    paused_ = false;
}

void QueueDelivery::epoch_known(uint64_t epoch) {
    if (!journal_.is_open()) {
        return;  // it is told with the next reading
    }
    journal_.delivery().on_epoch(epoch);
    send_more();
}

void QueueDelivery::send() {
    if (in_flight_ || paused_ || refused_ || !epoch_.known() || !journal_.is_open()) {
        return;
    }
    if (too_many_bytes(options_.bytes_max)) {
        pause("more bytes than coupon_queue_max allows are sent and not settled");
        return;
    }
    const SendBatch batch = journal_.next_batch(kBatch_max, kBatchBytes_max);
    if (batch.records.empty()) {
        return;
    }
    wire_.clear();
    append_command_header(wire_, batch.records.size() + 2);
    append_word(wire_, "RPUSH");
    append_word(wire_, queue_);
    for (const std::string_view record : batch.records) {
        append_word(wire_, record);
    }
    const uint64_t token = batch.token;
    const size_t records = batch.records.size();
    const size_t bytes = batch.bytes;
    in_flight_ = redis_.command_formatted(wire_, kDeadline_ms, [this, token, records, bytes](const RedisReply* reply) {
        replied(token, records, bytes, reply);
    });
    if (!in_flight_) {
        journal_.delivery().on_not_sent(token);
    }
    if (wire_.capacity() > kWireKept_bytes) {
        std::string().swap(wire_);  // one large webhook
    }
}

void QueueDelivery::replied(uint64_t token, size_t records, size_t bytes, const RedisReply* reply) {
    in_flight_ = false;
    if (reply == nullptr || reply->kind() != RedisReply::Kind::integer) {
        // Not there, or nobody knows: sent again, and PostgreSQL drops what comes twice.
        journal_.delivery().on_not_sent(token);
        counters_.count(Event::redis_batches_failed);
        if (reply != nullptr) {
            back_off(reply->error());
        }
        return;
    }
    journal_.delivery().on_sent(token, monotonic_ns() / 1'000'000);
    sent_bytes_ += bytes;
    counters_.count(Event::redis_batches_sent);
    counters_.count(Event::redis_entries_sent, records);
    if (static_cast<uint64_t>(reply->integer()) > options_.entries_max) {
        pause("more entries than coupon_queue_max allows are in the queue");
        return;
    }
    send_more();
}

// Now when there is a batch worth sending, else when the oldest record has waited long enough.
void QueueDelivery::send_more() {
    refused_ = false;
    if (!journal_.is_open()) {
        return;
    }
    const uint64_t unsent = journal_.delivery().waiting(kBatch_min);
    if (unsent >= kBatch_min) {
        send();
    } else if (unsent > 0 && !later_.running()) {
        later_.start(kWait_ms);
    }
}

void QueueDelivery::back_off(std::string_view why) {
    refused_ = true;
    retry_.start(with_jitter(kRefusedRetry_ms));
    const uint64_t now_ms = boottime_ms();
    constexpr uint64_t kLogEvery_ms = 10'000;
    if (now_ms - refusals_logged_ms_ >= kLogEvery_ms) {
        refusals_logged_ms_ = now_ms;
        ngx_log_error(NGX_LOG_ERR, log_, 0, "coupon: Redis refuses %s: %*s; the journal keeps them", options_.kind,
                      why.size(), why.data());
    }
}

bool QueueDelivery::too_many_bytes(uint64_t limit) const {
    return options_.bytes_max != UINT64_MAX && unsettled_bytes() + options_.other_bytes() > limit;
}

// Looks at every segment: once a second, and while it decides whether sending goes on.
void QueueDelivery::count_bytes() {
    if (options_.bytes_max != UINT64_MAX) {
        counted_bytes_ = journal_.counts().in_flight_bytes;
        sent_bytes_ = 0;
    }
}

void QueueDelivery::pause(const char* why) {
    paused_ = true;
    ngx_log_error(NGX_LOG_NOTICE, log_, 0, "coupon: %s: %s, sending pauses", queue_.c_str(), why);
    retry_.start(with_jitter(kPausePoll_ms));
}

// A little room, so that sending does not stop again with the next batch.
void QueueDelivery::see_whether_to_go_on() {
    count_bytes();
    if (too_many_bytes(options_.bytes_max - options_.bytes_max / 10)) {
        retry_.start(with_jitter(kPausePoll_ms));
    } else if (options_.entries_max == UINT64_MAX) {
        paused_ = false;
        send_more();
    } else {
        ask_queue_length();
    }
}

void QueueDelivery::ask_queue_length() {
    const bool asked = redis_.command({"LLEN", queue_}, kDeadline_ms, [this](const RedisReply* reply) {
        if (!paused_) {
            return;
        }
        if (reply != nullptr && reply->kind() == RedisReply::Kind::integer &&
            static_cast<uint64_t>(reply->integer()) <= options_.entries_max - options_.entries_max / 10) {
            paused_ = false;
            send_more();
            return;
        }
        retry_.start(with_jitter(kPausePoll_ms));
    });
    if (!asked) {
        retry_.start(with_jitter(kPausePoll_ms));
    }
}

// The queue first: an entry claimed in between is then seen among the claims.
void QueueDelivery::ask_whether_empty() {
    redis_.command({"LLEN", queue_}, kDeadline_ms, [this](const RedisReply* queue) {
        const bool queue_empty = queue != nullptr && queue->kind() == RedisReply::Kind::integer && queue->integer() == 0;
        redis_.command({"SCARD", claims_}, kDeadline_ms, [this, queue_empty](const RedisReply* claims) {
            const bool no_claims =
                claims != nullptr && claims->kind() == RedisReply::Kind::integer && claims->integer() == 0;
            journal_.queue_seen_empty(queue_empty && no_claims);
        });
    });
}

}  // namespace coupon
