#include "couponctl/journal_send.hpp"

#include <chrono>
#include <map>
#include <thread>
#include <vector>

#include "couponctl/settings.hpp"
#include "journal/reader.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr int timeout_ms = 30'000;
constexpr std::size_t batch_records = 256;
constexpr std::chrono::milliseconds poll_every{200};

constexpr const char* settled_sql =
    "SELECT settled::text FROM journal_segments WHERE id = $1::uuid";

constexpr const char* counts_sql =
    "INSERT INTO journal_segments AS known (id, kind, edge, served, unjournaled, sealed)"
    " VALUES ($1::uuid, $2, $3, $4::bigint, $5::bigint, $6::bigint)"
    " ON CONFLICT (id) DO UPDATE SET served = GREATEST(known.served, EXCLUDED.served),"
    "  unjournaled = GREATEST(known.unjournaled, EXCLUDED.unjournaled),"
    "  sealed = COALESCE(EXCLUDED.sealed, known.sealed)";

class JournalSender {
  public:
    JournalSender(const JournalSendOptions& options, std::ostream& out)
        : options_(options),
          out_(out),
          redis_(configured_redis(timeout_ms)),
          pg_(configured_postgres(timeout_ms)) {
        std::string error;
        reader_ = JournalReader::open(options.directory, error);
        if (!reader_) {
            throw CommandError("journal send: " + error);
        }
    }

    void send() {
        std::size_t living = 0;
        for (const auto& segment : reader_->list(options_.settled)) {
            if (segment.owner == OwnerState::alive) {
                ++living;
            } else {
                send_segment(segment);
            }
        }
        hand_over_counts();
        out_ << "sent " << sent_ << " records of " << to_settle_.size() << " segments";
        if (unreadable_ > 0) {
            out_ << "; " << unreadable_ << " records are unreadable";
        }
        out_ << '\n';
        if (living > 0) {
            out_ << "left out " << living
                 << " segments of a running edge, which sends them itself\n";
        }
        for (const auto& failure : failures_) {
            out_ << failure << '\n';
        }
        if (options_.wait_s > 0) {
            wait_until_settled();
        }
        if (!failures_.empty()) {
            throw CommandError("journal send: " + std::to_string(failures_.size()) +
                               " problems, see above; all else is sent. Keep the folder");
        }
    }

  private:
    SeqRanges settled(const Uuid& segment) {
        const auto row = pg_.execute(settled_sql, {to_string(segment)});
        return row.rows() == 0 ? SeqRanges()
                               : SeqRanges::parse(row.text(0, 0)).value_or(SeqRanges());
    }

    void send_segment(const SegmentInfo& segment) {
        const auto queue = "queue:" + std::string(kind_name(segment.kind));
        const auto done = settled(segment.id);
        SeqRanges sent;
        const auto read = reader_->read(segment, [&](std::uint32_t seq, std::string_view payload) {
            if (!done.contains(seq)) {
                sent.add(seq);
                batch_.emplace_back(payload);
                if (batch_.size() == batch_records) {
                    push(queue);
                }
            }
        });
        if (!read.error.empty()) {
            failures_.push_back("not sent: " + read.error);
            return;
        }
        push(queue);
        sent_ += sent.count();
        unreadable_ += read.unreadable;
        records_[segment.id] = {segment, read.records + read.unreadable};
        if (!sent.empty()) {
            to_settle_[segment.id] = std::move(sent);
        }
    }

    void push(const std::string& queue) {
        if (batch_.empty()) {
            return;
        }
        std::vector<std::string_view> words{"RPUSH", queue};
        words.insert(words.end(), batch_.begin(), batch_.end());
        auto length = static_cast<std::size_t>(redis_.command(words)->integer);
        batch_.clear();
        while (length > options_.queue_max) {
            std::this_thread::sleep_for(poll_every);
            length = static_cast<std::size_t>(redis_.command({"LLEN", queue})->integer);
        }
    }

    // So that the audit knows what this edge served, although the edge itself will not come back to
    // tell.
    void hand_over_counts() {
        std::map<Uuid, SegmentCounts> counts;
        if (reader_->map() != nullptr) {
            reader_->map()->for_each([&](const SlotView& slot) {
                if (slot.needs_row()) {
                    counts[slot.segment] = slot.counts;
                    kinds_[slot.segment] = slot.kind;
                }
            });
        }
        for (const auto& [id, segment] : records_) {
            counts[id].sealed = segment.records;
            kinds_[id] = segment.info.kind;
        }
        for (const auto& [id, count] : counts) {
            try {
                hand_over(id, count);
            } catch (const PgError& error) {
                // A damaged file or map makes values that no row takes: that one only.
                if (!error.is_data_error()) {
                    throw;
                }
                failures_.push_back("no counts of segment " + to_string(id) + ": " + error.what());
            }
        }
    }

    void hand_over(const Uuid& id, const SegmentCounts& count) {
        const auto known = records_.find(id);
        pg_.execute(counts_sql,
                    {to_string(id), std::string(kind_name(kinds_[id])),
                     known == records_.end() ? "" : known->second.info.edge,
                     std::to_string(count.served), std::to_string(count.unjournaled),
                     count.sealed == kOpen ? PgParameter() : std::to_string(count.sealed)});
    }

    void wait_until_settled() {
        const auto deadline =
            std::chrono::steady_clock::now() + std::chrono::seconds(options_.wait_s);
        while (true) {
            const auto open = unsettled();
            if (open == 0) {
                out_ << "all of them are settled\n";
                return;
            }
            if (std::chrono::steady_clock::now() > deadline) {
                throw CommandError("journal send: " + std::to_string(open) +
                                   " records are sent but not settled after " +
                                   std::to_string(options_.wait_s) +
                                   " s: is coupon-worker running? Keep the folder and send again");
            }
            std::this_thread::sleep_for(poll_every);
        }
    }

    std::uint64_t unsettled() {
        std::uint64_t open = 0;
        for (const auto& [id, sent] : to_settle_) {
            const auto done = settled(id);
            for (const auto& range : sent.ranges()) {
                for (const auto& gap : done.gaps(range.begin, range.end)) {
                    open += gap.end - gap.begin;
                }
            }
        }
        return open;
    }

    struct SentSegment {
        SegmentInfo info;
        std::uint64_t records;
    };

    const JournalSendOptions& options_;
    std::ostream& out_;
    RedisConnection redis_;
    PgConnection pg_;
    std::unique_ptr<JournalReader> reader_;
    std::vector<std::string> batch_;
    std::map<Uuid, SeqRanges> to_settle_;
    std::map<Uuid, SentSegment> records_;
    std::map<Uuid, JournalKind> kinds_;
    std::vector<std::string> failures_;  // sentences; what they are about is left out
    std::uint64_t sent_ = 0;
    std::uint64_t unreadable_ = 0;
};

}  // namespace

void send_journal(const JournalSendOptions& options, std::ostream& out) {
    JournalSender(options, out).send();
}

}  // namespace coupon
