#include "couponctl/webhooks_replay.hpp"

#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "couponctl/actor.hpp"
#include "couponctl/purged_webhooks.hpp"
#include "couponctl/settings.hpp"
#include "operations/replay.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 30'000;

class Replay {
  public:
    Replay(const ReplayOptions& options, std::istream& in, std::ostream& out)
        : options_(options), in_(in), out_(out), pg_(configured_postgres(deadline_ms)) {}

    void run() {
        check();
        select();
        out_ << ids_.size() << " webhooks to replay\n";
        if (!options_.dry_run && !ids_.empty()) {
            replay();
        }
        if (purged_ > 0) {
            throw CommandError("webhooks replay: " + purged_webhooks_text(purged_) +
                               "; nothing was changed for " + (purged_ == 1 ? "it" : "them"));
        }
    }

  private:
    void replay() {
        ask();
        record();
        std::int64_t done = 0;
        auto next = std::chrono::steady_clock::now();
        const auto pause = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
            std::chrono::duration<double>(1 / options_.per_second));
        for (const auto& id : ids_) {
            std::this_thread::sleep_until(next);
            done += replay_webhooks(pg_, {id});
            next += pause;
        }
        out_ << done << " webhooks are pending again\n";
    }

    void check() const {
        if (options_.filter.selects_all()) {
            throw CommandError(
                "webhooks replay: select some: an id, --provider, --status, --outcome or --since");
        }
        if (!options_.dry_run && options_.reason.empty()) {
            throw CommandError("webhooks replay: --reason is missing: it goes into audit_logs");
        }
    }

    void select() {
        auto values = webhook_filter_values(options_.filter);
        values.emplace_back(std::to_string(options_.filter.limit));
        const auto sql = std::string("SELECT id::text FROM webhook_logs") + webhook_filter_sql +
                         " AND " + webhook_replayable_sql +
                         " ORDER BY received_at, id LIMIT $7::bigint";
        const auto rows = pg_.execute(sql.c_str(), values);
        for (int row = 0; row < rows.rows(); ++row) {
            ids_.emplace_back(rows.text(row, 0));
        }
        purged_ = count_purged_webhooks(pg_, options_.filter);
    }

    void ask() {
        if (options_.yes) {
            return;
        }
        out_ << "replay them? [yes/no] " << std::flush;
        std::string answer;
        if (isatty(STDIN_FILENO) == 0 || !std::getline(in_, answer) || answer != "yes") {
            throw CommandError("webhooks replay: not confirmed; nothing was done (--yes confirms)");
        }
    }

    // Before the first one: who stops it half way has still been recorded.
    void record() {
        const auto& filter = options_.filter;
        const nlohmann::json details{{"reason", options_.reason},
                                     {"count", ids_.size()},
                                     {"first", ids_.front()},
                                     {"last", ids_.back()},
                                     {"selection",
                                      {{"id", filter.id},
                                       {"provider", filter.provider},
                                       {"status", filter.status},
                                       {"outcome", filter.outcome},
                                       {"since", filter.since},
                                       {"limit", filter.limit}}}};
        record_action(pg_, options_.actor, "webhooks.replay", "webhook_logs", details);
    }

    const ReplayOptions& options_;
    std::istream& in_;
    std::ostream& out_;
    PgConnection pg_;
    std::vector<std::string> ids_;
    std::int64_t purged_ = 0;
};

}  // namespace

void replay_webhooks(const ReplayOptions& options, std::istream& in, std::ostream& out) {
    Replay(options, in, out).run();
}

}  // namespace coupon
