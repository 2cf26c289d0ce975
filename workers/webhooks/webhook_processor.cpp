#include "webhooks/webhook_processor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "core/hex.hpp"
#include "core/json_text.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"
#include "webhooks/effects/message_effect.hpp"
#include "webhooks/event_register.hpp"
#include "webhooks/events/parse.hpp"

namespace coupon {
namespace {

constexpr std::size_t names_bytes_max = 200;
constexpr std::size_t reason_bytes_max = 500;

// What happened before stays said where a replay finds nothing new to do.
constexpr const char* outcome_columns =
    "outcome = CASE WHEN $3 = 'duplicate' THEN COALESCE(outcome, $3) ELSE $3 END,"
    " outcome_reason = CASE WHEN $3 = 'duplicate' AND outcome IS NOT NULL"
    "  THEN outcome_reason ELSE $4 END,"
    " event = $5,"
    " latency_ms = COALESCE(latency_ms,"
    "  (extract(epoch FROM clock_timestamp() - received_at) * 1000)::bigint)";

NamedTexts texts_of(const std::string& json) {
    NamedTexts texts;
    const auto object = nlohmann::json::parse(json, nullptr, false);
    if (object.is_object()) {
        for (const auto& [name, value] : object.items()) {
            texts.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
        }
    }
    return texts;
}

WebhookInput input_of(const Job& job) {
    const auto column = [&](std::size_t number) {
        return job.columns.at(number).value_or(std::string());
    };
    return {column(0),
            column(1),
            column(2),
            column(3),
            texts_of(column(4)),
            texts_of(column(5)),
            hex_decode(column(6)).value_or(std::string())};
}

// A text that PostgreSQL takes, whatever a stranger put into it.
std::string storable(std::string text, std::size_t bytes_max) {
    replace_nul(text);
    return std::string(utf8_prefix(text, bytes_max));
}

std::string names_of(const std::vector<WebhookEvent>& events) {
    std::set<std::string> seen;
    std::string names;
    for (const auto& event : events) {
        if (!event.name.empty() && seen.insert(event.name).second) {
            names += (names.empty() ? "" : ", ") + event.name;
        }
    }
    return storable(std::move(names), names_bytes_max);
}

// Locks are taken in one order, whatever the order in which a provider lists its events.
std::vector<std::size_t> by_key(const std::vector<WebhookEvent>& events) {
    std::vector<std::size_t> order(events.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t one, std::size_t other) {
        return events[one].key < events[other].key;
    });
    return order;
}

}  // namespace

OrderUpdates configured_order_updates() {
    const auto word = environment_value("ORDER_UPDATES").value_or("fulfill");
    if (word == "fulfill") {
        return OrderUpdates::fulfill;
    }
    if (word == "backend") {
        return OrderUpdates::backend;
    }
    throw ConfigError("ORDER_UPDATES is neither fulfill nor backend");
}

WebhookProcessor::WebhookProcessor(const Log& log)
    : updates_(configured_order_updates()), log_(log), alerts_(log), table_(table()) {}

JobTable WebhookProcessor::table() {
    return {"webhook_logs",
            {"provider", "method", "query", "trust", "headers::text", "fields::text",
             "encode(body, 'hex')"}};
}

void WebhookProcessor::process(PgConnection& pg, const Job& job) {
    const auto input = input_of(job);
    if (refuse_forged(pg, job, input)) {
        return;
    }
    auto events = parse_events(input);
    const auto refusals = ask(pg, job, input, events);

    std::vector<EventResult> results(events.size());
    std::optional<RetryLater> later;
    PgTransaction transaction(pg);
    for (const auto number : by_key(events)) {
        if (refusals[number]) {
            results[number] = *refusals[number];
            continue;
        }
        try {
            // An event that has to wait leaves nothing behind, and does not hold up its neighbours.
            pg.execute("SAVEPOINT event");
            results[number] = act(pg, job, input, events[number]);
        } catch (const RetryLater& wait) {
            pg.execute("ROLLBACK TO SAVEPOINT event");
            later = wait;
        }
    }
    if (later && events.size() == 1) {
        throw *later;
    }
    if (!later) {
        finish(pg, job, events, results);
    }
    transaction.commit();
    if (later) {
        throw *later;
    }
}

void WebhookProcessor::on_dead(PgConnection&, const Job& job, const std::string& why) {
    alerts_.raise("a webhook was given up", job.id, why);
}

bool WebhookProcessor::refuse_forged(PgConnection& pg, const Job& job, const WebhookInput& input) {
    const auto refusal = trust_.authenticate(input);
    if (!refusal) {
        return false;
    }
    alerts_.raise("refused a webhook", input.provider + " " + job.id, refusal->reason);
    PgTransaction transaction(pg);
    finish(pg, job, {}, {*refusal});
    transaction.commit();
    return true;
}

std::vector<std::optional<EventResult>> WebhookProcessor::ask(PgConnection& pg, const Job& job,
                                                              const WebhookInput& input,
                                                              std::vector<WebhookEvent>& events) {
    std::vector<std::optional<EventResult>> refusals(events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
        auto& event = events[i];
        if (event.key.empty() || is_registered(pg, input.provider, event)) {
            continue;
        }
        refusals[i] = trust_.confirm(input, event);
        if (refusals[i]) {
            alerts_.raise("refused an event that moves money",
                          input.provider + " " + event.key + " of webhook " + job.id,
                          refusals[i]->reason);
        }
    }
    return refusals;
}

EventResult WebhookProcessor::act(PgConnection& pg, const Job& job, const WebhookInput& input,
                                  const WebhookEvent& event) {
    if (event.kind == EventKind::unknown) {
        return {Outcome::ignored, event.reason};
    }
    switch (register_event(pg, input.provider, event, job.id)) {
        case Registration::repeated:
            return {Outcome::duplicate, "the event was received before"};
        case Registration::conflict:
            alerts_.raise("an event came again with other facts", event.key,
                          "same business key, another digest");
            return {Outcome::conflict, "same business key as an earlier event, other facts"};
        case Registration::fresh:
            break;
    }
    const EffectContext context{
        pg, alerts_, updates_, input.provider, job.id, job.correlation_id, job.attempts};
    EventEffect effect;
    EventResult result;
    switch (event.kind) {
        case EventKind::payment:
            result = apply_payment(context, event, effect);
            break;
        case EventKind::refund:
            result = apply_refund(context, event, effect);
            break;
        case EventKind::email_report:
        case EventKind::sms_report:
            result = apply_report(context, event, effect);
            break;
        case EventKind::postback:
            result = apply_postback(context, event, effect);
            break;
        case EventKind::subscription:
            result = apply_subscription(context, event, effect);
            break;
        case EventKind::unknown:
            break;
    }
    record_effect(pg, input.provider, event, effect);
    return result;
}

void WebhookProcessor::finish(PgConnection& pg, const Job& job,
                              const std::vector<WebhookEvent>& events,
                              const std::vector<EventResult>& results) {
    const auto strongest = std::max_element(
        results.begin(), results.end(),
        [](const auto& one, const auto& other) { return one.outcome < other.outcome; });
    const auto all =
        strongest == results.end() ? EventResult{Outcome::ignored, "no events"} : *strongest;
    const auto reason = storable(all.reason, reason_bytes_max);
    const auto names = names_of(events);
    table_.complete(pg, job, outcome_columns,
                    {std::string(outcome_name(all.outcome)),
                     reason.empty() ? PgParameter() : PgParameter(reason),
                     names.empty() ? PgParameter() : PgParameter(names)});
}

}  // namespace coupon
