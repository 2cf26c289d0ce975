#include "webhooks/outbox_caller.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "core/webhook/sns.hpp"
#include "runtime/clock.hpp"
#include "runtime/environment.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/retry_policy.hpp"
#include "webhooks/apis/api_answer.hpp"
#include "webhooks/apis/sns_certificates.hpp"
#include "webhooks/confirmations.hpp"
#include "webhooks/payment_state.hpp"

namespace coupon {
namespace {

constexpr const char* payment_status_sql =
    "SELECT payment_status::text FROM orders WHERE id = $1::bigint";

constexpr const char* fulfilled_sql =
    "UPDATE orders SET status = $2, updated_at = now()"
    " WHERE id = $1::bigint AND status::text = 'processing'";

constexpr const char* payment_state_sql = "SELECT status::text FROM payments WHERE id = $1::bigint";

// Of a worker that lives: a lease that ran out is nobody's call.
constexpr const char* other_call_sql =
    "SELECT 1 FROM outbox WHERE order_id = $1::bigint AND id <> $2::uuid"
    " AND kind = 'update-payment' AND status = 'processing' AND lease_until > now() LIMIT 1";

enum Column : std::size_t { kind, idempotency_key, order_id, data };

// Soon at first; in all, longer than any call takes.
std::chrono::seconds wait_for_other(int attempts) {
    return std::chrono::seconds(std::int64_t{1} << std::min(attempts, 6));
}

std::string column(const Job& job, Column which) {
    return job.columns.at(which).value_or(std::string());
}

nlohmann::json data_of(const Job& job) {
    auto json = nlohmann::json::parse(column(job, data), nullptr, false);
    return json.is_object() ? json : nlohmann::json::object();
}

}  // namespace

std::optional<BackEnd> configured_back_end() {
    const auto token = environment_value("BACKEND_TOKEN");
    const auto url = base_url("BACKEND_URL", "");
    if (url.empty() || !token) {
        return std::nullopt;
    }
    return BackEnd{url, *token};
}

OutboxCaller::OutboxCaller(const Log& log)
    : back_end_(configured_back_end()), log_(log), alerts_(log), table_(table()) {
    if (!back_end_) {
        log_.error("no order will be fulfilled: BACKEND_URL or BACKEND_TOKEN is not set");
    }
}

JobTable OutboxCaller::table() {
    return {"outbox", {"kind", "idempotency_key", "order_id::text", "data::text"}};
}

void OutboxCaller::call(PgConnection& pg, const Job& job) {
    const auto what = column(job, kind);
    if (what == "fulfill") {
        fulfill(pg, job);
    } else if (what == "update-payment") {
        update_payment(pg, job);
    } else if (what == "confirm-subscription") {
        confirm_subscription(pg, job);
    } else {
        throw PermanentFailure("nothing is known of a call named " + what);
    }
}

void OutboxCaller::on_dead(PgConnection&, const Job& job, const std::string& why) {
    alerts_.raise("a call was given up", column(job, idempotency_key), why);
}

void OutboxCaller::fulfill(PgConnection& pg, const Job& job) {
    const auto order = column(job, order_id);
    const auto found = pg.execute(payment_status_sql, {order});
    if (found.rows() == 0) {
        throw PermanentFailure("there is no such order");
    }
    if (found.text(0, 0) == "refunded") {
        complete(pg, job, "not called: the order was refunded first");
        return;
    }
    auto call = request(job, "POST", "/internal/orders/" + order + "/fulfill");
    call.body = data_of(job).dump();
    send(call);

    PgTransaction transaction(pg);
    pg.execute(fulfilled_sql, {order, "fulfilled"});
    const auto refusals = queue_confirmations(pg, order, job.correlation_id);
    table_.complete(pg, job);
    transaction.commit();
    if (!refusals.empty()) {
        alerts_.raise("a fulfilled order's confirmation cannot be queued", "order " + order,
                      refusals);
    }
    log_.info("an order is fulfilled", {{"order", order}, {"correlation_id", job.correlation_id}});
}

void OutboxCaller::update_payment(PgConnection& pg, const Job& job) {
    const auto order = column(job, order_id);
    auto body = data_of(job);
    const auto state = parse_payment_state(body.value("state", ""));
    const auto found =
        pg.execute(payment_state_sql, {std::to_string(body.value("payment_id", std::int64_t{0}))});
    const auto now = found.rows() > 0 ? parse_payment_state(found.text(0, 0)) : std::nullopt;
    // A retry must not take the back end's order back to where the payment was.
    if (!body.contains("review") && state && now && *now > *state) {
        complete(pg, job, "not called: the payment went on");
        return;
    }
    // A call that stalls must not arrive after this one. Whoever makes it looked at the payment with
    // its row leased already, so either it is seen here, or it saw that the payment went on.
    if (pg.execute(other_call_sql, {order, job.id}).rows() > 0) {
        throw RetryLater("another call about this order is under way", wait_for_other(job.attempts));
    }
    auto call = request(job, "PATCH", "/internal/orders/" + order + "/update-payment");
    call.body = body.dump();
    send(call);
    complete(pg, job, {});
}

void OutboxCaller::confirm_subscription(PgConnection& pg, const Job& job) {
    const auto url = data_of(job).value("url", "");
    if (!is_sns_url(url)) {
        throw PermanentFailure("the subscription is not at a host of SNS");
    }
    send(sns_request(url));
    complete(pg, job, {});
    log_.info("a subscription is confirmed", {{"topic", data_of(job).value("topic", "")}});
}

HttpRequest OutboxCaller::request(const Job& job, const std::string& method,
                                  const std::string& path) const {
    if (!back_end_) {
        throw RetryLater("BACKEND_URL or BACKEND_TOKEN is not set");
    }
    HttpRequest request;
    request.method = method;
    request.url = back_end_->url + path;
    request.headers = {{"Authorization", "Bearer " + back_end_->token},
                       {"Content-Type", "application/json"},
                       {"Idempotency-Key", column(job, idempotency_key)},
                       {"X-Correlation-Id", job.correlation_id}};
    return request;
}

bool OutboxCaller::may_change(int status) noexcept {
    switch (status) {
        case 401:
        case 403:  // of the token, which somebody is going to mend
        case 408:
        case 409:
        case 425:
        case 429:
            return true;
        default:
            return false;
    }
}

// A time-out may have been a success: the same key makes the next try harmless.
void OutboxCaller::send(const HttpRequest& request) {
    const auto answer = http_.send(request);
    if (answer.outcome != HttpAnswer::Outcome::answered) {
        throw RetryLater("no answer: " + answer.error);
    }
    if (answer.ok()) {
        return;
    }
    const auto what = "answered " + std::to_string(answer.status);
    if (answer.status >= 400 && answer.status < 500 && !may_change(answer.status)) {
        throw PermanentFailure(what);
    }
    const auto after = answer.header("retry-after");
    throw RetryLater(what, after ? parse_retry_after(*after, unix_now_s()) : std::nullopt);
}

void OutboxCaller::complete(PgConnection& pg, const Job& job, const std::string& note) {
    PgTransaction transaction(pg);
    table_.complete(pg, job, "last_error = $3", {note.empty() ? PgParameter() : PgParameter(note)});
    transaction.commit();
}

}  // namespace coupon
