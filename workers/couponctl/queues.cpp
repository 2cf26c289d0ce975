#include "couponctl/queues.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <iomanip>
#include <map>
#include <optional>
#include <string>

#include "couponctl/duration.hpp"
#include "couponctl/entry_time.hpp"
#include "couponctl/settings.hpp"
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

std::int64_t unix_now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

class QueueTable {
  public:
    QueueTable() : redis_(configured_redis(timeout_ms)), pg_(configured_postgres(timeout_ms)) {}

    void show(std::ostream& out) {
        count_workers();
        row(out, "queue", "depth", "oldest", "claimed", "workers", "dead");
        for (const auto& kind : queue_kinds) {
            const auto queue = "queue:" + kind.name;
            std::optional<std::int64_t> oldest_ms = head_ms(queue);
            const auto depth = length(queue);
            const auto claimed = claimed_entries(queue, oldest_ms);
            row(out, kind.name, std::to_string(depth),
                oldest_ms ? duration_text(unix_now_ms() - *oldest_ms) : "-",
                std::to_string(claimed), std::to_string(workers_[kind.name]), dead(kind));
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

    std::int64_t length(const std::string& key) { return redis_.command({"LLEN", key})->integer; }

    std::optional<std::int64_t> head_ms(const std::string& key) {
        return entry_ms(reply_text(*redis_.command({"LINDEX", key, "0"})));
    }

    // Claims are older than what still waits.
    std::int64_t claimed_entries(const std::string& queue, std::optional<std::int64_t>& oldest_ms) {
        std::int64_t total = 0;
        const auto workers = redis_.command({"SMEMBERS", "{" + queue + "}:claims"});
        for (std::size_t i = 0; i < workers->elements; ++i) {
            const auto key =
                "{" + queue + "}:processing:" + std::string(reply_text(*workers->element[i]));
            total += length(key);
            if (const auto claimed_ms = head_ms(key);
                claimed_ms && (!oldest_ms || *claimed_ms < *oldest_ms)) {
                oldest_ms = claimed_ms;
            }
        }
        return total;
    }

    void count_workers() {
        constexpr std::string_view prefix = "worker:heartbeat:";
        std::string cursor = "0";
        do {
            const auto reply =
                redis_.command({"SCAN", cursor, "MATCH", "worker:heartbeat:*", "COUNT", "1000"});
            cursor = reply_text(*reply->element[0]);
            const auto& keys = *reply->element[1];
            for (std::size_t i = 0; i < keys.elements; ++i) {
                auto key = reply_text(*keys.element[i]);
                key.remove_prefix(prefix.size());
                ++workers_[std::string(key.substr(0, key.find(':')))];
            }
        } while (cursor != "0");
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
