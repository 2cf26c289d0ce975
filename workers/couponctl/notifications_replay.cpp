#include "couponctl/notifications_replay.hpp"

#include <unistd.h>

#include <vector>

#include "couponctl/actor.hpp"
#include "couponctl/notification_queue.hpp"
#include "couponctl/settings.hpp"
#include "runtime/error.hpp"

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

constexpr const char* is_unknown = "(COALESCE(delivery_status, '') = 'unknown')";

class NotificationReplay {
  public:
    NotificationReplay(const NotificationReplayOptions& options, std::istream& in,
                       std::ostream& out)
        : options_(options), in_(in), out_(out), pg_(configured_postgres(deadline_ms)) {}

    void run() {
        check();
        for (const auto& queue : notification_queues) {
            if (options_.queue.empty() || options_.queue == queue.name) {
                select(queue);
            }
        }
        out_ << selected_.size() << " messages to replay\n";
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
        const NotificationQueue* queue;
        std::string id;
        bool unknown;
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

    void select(const NotificationQueue& queue) {
        const auto from =
            " FROM " + std::string(queue.table) + (options_.dead ? dead_sql : one_sql);
        const auto id = options_.dead ? PgParameter() : row_id(pg_, queue, options_.id);
        // What is left out takes no room of the limit.
        const auto sql = "SELECT id::text, " + std::string(is_unknown) + from + " AND ($3 OR NOT " +
                         is_unknown + ") ORDER BY created_at, id LIMIT $2::int";
        const auto rows = pg_.execute(
            sql.c_str(), {id, std::to_string(options_.limit), options_.unknown ? "t" : "f"});
        for (int row = 0; row < rows.rows(); ++row) {
            selected_.push_back(
                {&queue, std::string(rows.text(row, 0)), rows.text(row, 1) == "t"});
        }
        if (!options_.unknown) {
            const auto left_out = "SELECT count(*)" + from + " AND " + is_unknown;
            left_out_ +=
                static_cast<std::size_t>(pg_.execute(left_out.c_str(), {id}).number(0, 0));
        }
    }

    void replay() {
        ask();
        record();
        std::size_t done = 0;
        for (const auto& message : selected_) {
            const auto sql =
                "WITH again AS (UPDATE " + std::string(message.queue->table) +
                " SET status = 'pending', delivery_status = NULL, attempts = 0, unknowns = 0,"
                " throttled = 0, starts = 0, scheduled_at = now(), finished_at = NULL, sent_at = "
                "NULL,"
                " last_error = NULL, provider_message_id = NULL"
                " WHERE id = $1 AND status <> 'processing' AND " +
                is_unknown +
                " = $2::boolean"
                " AND COALESCE(delivery_status, '') NOT IN ('sent', 'queued', 'deferred', "
                "'delivered')"
                " RETURNING id::text)"
                " INSERT INTO message_events (queue, message_id, status, reason)"
                " SELECT $3, id, 'replayed', $4 FROM again";
            done += static_cast<std::size_t>(
                pg_.execute(sql.c_str(), {message.id, message.unknown ? "t" : "f",
                                          message.queue->name, options_.reason})
                    .affected());
        }
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

    // Before the first one: who stops it half way has still been recorded.
    void record() {
        record_action(pg_, options_.actor, "notifications.replay", "messages",
                      {{"reason", options_.reason},
                       {"count", selected_.size()},
                       {"first", selected_.front().id},
                       {"last", selected_.back().id},
                       {"queue", options_.queue},
                       {"unknown", options_.unknown}});
    }

    const NotificationReplayOptions& options_;
    std::istream& in_;
    std::ostream& out_;
    PgConnection pg_;
    std::vector<Selected> selected_;
    std::size_t left_out_ = 0;
};

}  // namespace

void replay_notifications(const NotificationReplayOptions& options, std::istream& in,
                          std::ostream& out) {
    NotificationReplay(options, in, out).run();
}

}  // namespace coupon
