#include "couponctl/notifications_replay.hpp"

#include <unistd.h>

#include <vector>

#include "couponctl/actor.hpp"
#include "couponctl/settings.hpp"
#include "operations/message_queue.hpp"
#include "operations/replay.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 30'000;

// Dead letters; of a single message also what was held, suppressed, expired or given up by its
// provider.
constexpr const char* one_sql =
    " WHERE id = $1 AND (status = 'failed' OR (status = 'pending' AND delivery_status = 'unknown')"
    "  OR (status = 'completed' AND delivery_status IN ('unknown', 'suppressed', 'expired',"
    "   'failed', 'bounced')))";
// Its $1 is NULL.
constexpr const char* dead_sql = " WHERE status = 'failed' AND $1::text IS NULL";

class NotificationReplay {
  public:
    NotificationReplay(const NotificationReplayOptions& options, std::istream& in,
                       std::ostream& out)
        : options_(options), in_(in), out_(out), pg_(configured_postgres(deadline_ms)) {}

    void run() {
        check();
        for (const auto& queue : message_queues) {
            if (options_.queue.empty() || options_.queue == queue.name) {
                select(queue);
            }
        }
        out_ << count_ << " messages to replay\n";
        if (left_out_ > 0) {
            out_ << left_out_
                 << " more may have been sent already; --unknown replays them as well, and their"
                    " recipients may get them again\n";
        }
        if (selected_.empty() && left_out_ == 0 && !options_.id.empty()) {
            throw CommandError(
                "notifications replay: there is no such message, or it was sent, or is under way");
        }
        if (!options_.dry_run && !selected_.empty()) {
            replay();
        }
    }

  private:
    struct Selected {
        const MessageQueue* queue;
        std::vector<std::string> ids;
    };

    void check() const {
        if (options_.id.empty() != options_.dead) {
            throw CommandError("notifications replay: name one message, or --dead");
        }
        if (!options_.dry_run && options_.reason.empty()) {
            throw CommandError(
                "notifications replay: --reason is missing: it goes into audit_logs");
        }
    }

    void select(const MessageQueue& queue) {
        const auto from =
            " FROM " + std::string(queue.table) + (options_.dead ? dead_sql : one_sql);
        const auto id = options_.dead ? PgParameter() : row_id(pg_, queue, options_.id);
        // What is left out takes no room of the limit.
        const auto sql = "SELECT id::text" + from + " AND ($3 OR NOT " + message_unknown_sql +
                         ") ORDER BY created_at, id LIMIT $2::int";
        const auto rows = pg_.execute(
            sql.c_str(), {id, std::to_string(options_.limit), options_.unknown ? "t" : "f"});
        std::vector<std::string> ids;
        for (int row = 0; row < rows.rows(); ++row) {
            ids.emplace_back(rows.text(row, 0));
        }
        if (!ids.empty()) {
            count_ += ids.size();
            selected_.push_back({&queue, std::move(ids)});
        }
        if (!options_.unknown) {
            const auto left_out = "SELECT count(*)" + from + " AND " + message_unknown_sql;
            left_out_ += static_cast<std::size_t>(pg_.execute(left_out.c_str(), {id}).number(0, 0));
        }
    }

    void replay() {
        ask();
        PgTransaction transaction(pg_);
        record();
        std::int64_t done = 0;
        for (const auto& selected : selected_) {
            done += replay_messages(pg_, *selected.queue, selected.ids, options_.unknown,
                                    options_.reason);
        }
        transaction.commit();
        out_ << done << " messages are pending again\n";
    }

    void ask() {
        if (options_.yes) {
            return;
        }
        out_ << "replay them? [yes/no] " << std::flush;
        std::string answer;
        if (isatty(STDIN_FILENO) == 0 || !std::getline(in_, answer) || answer != "yes") {
            throw CommandError(
                "notifications replay: not confirmed; nothing was done (--yes confirms)");
        }
    }

    void record() {
        record_action(pg_, options_.actor, "notifications.replay", "messages",
                      {{"reason", options_.reason},
                       {"count", count_},
                       {"first", selected_.front().ids.front()},
                       {"last", selected_.back().ids.back()},
                       {"queue", options_.queue},
                       {"unknown", options_.unknown}});
    }

    const NotificationReplayOptions& options_;
    std::istream& in_;
    std::ostream& out_;
    PgConnection pg_;
    std::vector<Selected> selected_;
    std::size_t count_ = 0;
    std::size_t left_out_ = 0;
};

}  // namespace

void replay_notifications(const NotificationReplayOptions& options, std::istream& in,
                          std::ostream& out) {
    NotificationReplay(options, in, out).run();
}

}  // namespace coupon
