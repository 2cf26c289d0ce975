#include "couponctl/queues.hpp"

#include <array>
#include <cstdint>
#include <iomanip>
#include <map>
#include <string>

#include "couponctl/duration.hpp"
#include "couponctl/settings.hpp"
#include "operations/redis_state.hpp"
#include "runtime/clock.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr int timeout_ms = 10'000;

struct QueueKind {
    std::string name;
    std::string dead_table;  // where its dead letters are
    const char* dead_sql;
};

// The table may belong to a later version of sql/: it is looked for first.
const std::array<QueueKind, 5> queue_kinds{{
    {"clicks", "click_rejects", "SELECT count(*) FROM click_rejects"},
    {"webhooks", "webhook_logs", "SELECT count(*) FROM webhook_logs WHERE status = 'failed'"},
    {"email", "email_queue", "SELECT count(*) FROM email_queue WHERE status = 'failed'"},
    {"sms", "sms_queue", "SELECT count(*) FROM sms_queue WHERE status = 'failed'"},
    {"cashback", "cashback_jobs", "SELECT count(*) FROM cashback_jobs WHERE status = 'failed'"},
}};

constexpr const char* table_exists_sql = "SELECT to_regclass($1) IS NOT NULL";

class QueueTable {
  public:
    QueueTable() : redis_(configured_redis(timeout_ms)), pg_(configured_postgres(timeout_ms)) {}

    void show(std::ostream& out) {
        count_workers();
        row(out, "queue", "depth", "oldest", "claimed", "workers", "dead");
        for (const auto& kind : queue_kinds) {
            const auto queue = look_at_queue(redis_, kind.name);
            row(out, kind.name, std::to_string(queue.depth),
                queue.oldest_ms ? duration_text(unix_now_ms() - *queue.oldest_ms) : "-",
                std::to_string(queue.claimed), std::to_string(workers_[kind.name]), dead(kind));
        }
        if (!pg_failure_.empty()) {
            throw CommandError("queues: the dead letters are unknown: " + pg_failure_);
        }
    }

  private:
    static void row(std::ostream& out, const std::string& queue, const std::string& depth,
                    const std::string& oldest, const std::string& claimed,
                    const std::string& workers, const std::string& dead) {
        out << std::left << std::setw(10) << queue << std::right << std::setw(12) << depth
            << std::setw(10) << oldest << std::setw(10) << claimed << std::setw(10) << workers
            << std::setw(10) << dead << '\n';
    }

    void count_workers() {
        for (const auto& worker : read_heartbeats(redis_)) {
            ++workers_[worker.role];
        }
    }

    // What Redis tells is shown although PostgreSQL may be away.
    std::string dead(const QueueKind& kind) {
        if (!pg_failure_.empty()) {
            return "?";
        }
        try {
            if (pg_.execute(table_exists_sql, {kind.dead_table}).text(0, 0) != "t") {
                return "-";
            }
            return std::string(pg_.execute(kind.dead_sql).text(0, 0));
        } catch (const PgError& error) {
            pg_failure_ = error.what();
            return "?";
        }
    }

    RedisConnection redis_;
    PgConnection pg_;
    std::map<std::string, int> workers_;
    std::string pg_failure_;
};

}  // namespace

void show_queues(std::ostream& out) {
    QueueTable().show(out);
}

}  // namespace coupon
