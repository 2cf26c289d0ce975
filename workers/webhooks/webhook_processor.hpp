// One row of webhook_logs: what it says is read, checked, and has its effects in one transaction
// with the rows that prove them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/job_table.hpp"
#include "runtime/log.hpp"
#include "webhooks/alerts.hpp"
#include "webhooks/effects/order_steps.hpp"
#include "webhooks/outcome.hpp"
#include "webhooks/trust.hpp"

namespace coupon {

// ORDER_UPDATES: fulfill (default) or backend. Throws ConfigError for any other word.
OrderUpdates configured_order_updates();

// Safe from several threads, each with its own connection.
class WebhookProcessor {
  public:
    // Throws ConfigError for a wrong ORDER_UPDATES.
    explicit WebhookProcessor(const Log& log);

    // The rows it works on, with the columns process() reads.
    static JobTable table();

    // A JobRunner's action: settles the job itself. Throws RetryLater, PermanentFailure, LeaseLost,
    // PgError.
    void process(PgConnection& pg, const Job& job);

    // A JobRunner's OnDead.
    void on_dead(PgConnection& pg, const Job& job, const std::string& why);

    [[nodiscard]] std::uint64_t alerts() const noexcept { return alerts_.count(); }

  private:
    bool refuse_forged(PgConnection& pg, const Job& job, const WebhookInput& input);
    // What may not have its effect, by its place; asks the providers.
    std::vector<std::optional<EventResult>> ask(PgConnection& pg, const Job& job,
                                                const WebhookInput& input,
                                                std::vector<WebhookEvent>& events);
    EventResult act(PgConnection& pg, const Job& job, const WebhookInput& input,
                    const WebhookEvent& event);
    void finish(PgConnection& pg, const Job& job, const std::vector<WebhookEvent>& events,
                const std::vector<EventResult>& results);

    const OrderUpdates updates_;
    const Log& log_;
    Alerts alerts_;
    const JobTable table_;
    Trust trust_;
};

}  // namespace coupon
