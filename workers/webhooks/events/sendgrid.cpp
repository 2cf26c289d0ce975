// SendGrid: an array of events, each with an id of its own.
#include "webhooks/events/exact_json.hpp"
#include "webhooks/events/parse.hpp"

namespace coupon {
namespace {

using nlohmann::json;

std::string status_of(const std::string& name, const json& element) {
    if (name == "processed") {
        return "sent";
    }
    if (name == "bounce") {
        // A block is the moment's refusal, a bounce says the address is none.
        return text_at(element, {"type"}) == "blocked" ? "failed" : "bounced";
    }
    if (name == "dropped") {
        return "failed";
    }
    return name == "deferred" || name == "delivered" ? name : "";
}

WebhookEvent element_event(const json& element) {
    const auto name = text_at(element, {"event"});
    const auto status = status_of(name, element);
    if (status.empty()) {
        return unknown_event(name, "says nothing about delivery");
    }
    WebhookEvent event;
    event.kind = EventKind::email_report;
    event.name = name;
    event.key = business_key({required_text(element, {"sg_event_id"})});
    const auto message = text_at(element, {"sg_message_id"});
    event.report.message_id = message.substr(0, message.find('.'));
    event.report.own_id = text_at(element, {"coupon_id"});
    event.report.status = status;
    event.error = text_at(element, {"reason"});
    event.digest = event_digest({event.report.message_id, event.report.own_id, status});
    return event;
}

}  // namespace

std::vector<WebhookEvent> parse_sendgrid(const WebhookInput& input) {
    const auto body = parse_exact_json(input.body);
    if (!body.is_array()) {
        throw MalformedEvent("the body is no array of events");
    }
    std::vector<WebhookEvent> events;
    for (const auto& element : body) {
        // What one element lacks does not hold up its neighbours.
        try {
            events.push_back(element_event(element));
        } catch (const MalformedEvent& malformed) {
            events.push_back(unknown_event(text_at(element, {"event"}), malformed.what()));
        }
    }
    return events;
}

}  // namespace coupon
