// The calls that follow from what was committed: fulfilment, order updates, confirmed
// subscriptions. Each carries its idempotency key, so that one made twice is one.
#pragma once

#include <optional>
#include <string>

#include "runtime/job_table.hpp"
#include "runtime/log.hpp"
#include "webhooks/alerts.hpp"
#include "webhooks/http_pool.hpp"

namespace coupon {

// BACKEND_URL and BACKEND_TOKEN.
struct BackEnd {
    std::string url;
    std::string token;
};

// Empty where one of them is missing: calls wait then.
std::optional<BackEnd> configured_back_end();

// Safe from several threads, each with its own connection.
class OutboxCaller {
  public:
    // Throws ConfigError for a setting that cannot be read.
    explicit OutboxCaller(const Log& log);

    static JobTable table();

    // A JobRunner's action: settles the job itself. Throws RetryLater, PermanentFailure, LeaseLost,
    // PgError.
    void call(PgConnection& pg, const Job& job);

    // A JobRunner's OnDead: what nobody calls any more has to be looked at.
    void on_dead(PgConnection& pg, const Job& job, const std::string& why);

    [[nodiscard]] std::uint64_t alerts() const noexcept { return alerts_.count(); }

  private:
    void fulfill(PgConnection& pg, const Job& job);
    void update_payment(PgConnection& pg, const Job& job);
    void confirm_subscription(PgConnection& pg, const Job& job);
    HttpRequest request(const Job& job, const std::string& method, const std::string& path) const;
    static bool may_change(int status) noexcept;
    void send(const HttpRequest& request);
    void complete(PgConnection& pg, const Job& job, const std::string& note);

    const std::optional<BackEnd> back_end_;
    const Log& log_;
    Alerts alerts_;
    const JobTable table_;
    HttpPool http_;
};

}  // namespace coupon
