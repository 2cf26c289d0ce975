// SendGrid: an array of events, each with an id of its own.
#include <array>
#include <charconv>

#include "core/webhook/ascii.hpp"
#include "messages/provider_words.hpp"
#include "webhooks/events/exact_json.hpp"
#include "webhooks/events/parse.hpp"

namespace coupon {
namespace {

using nlohmann::json;

constexpr std::size_t address_bytes_max = 320;

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

// Mails that SendGrid drops because of what it knows of the address.
struct Drop {
    std::string_view reason, suppress;
};
constexpr std::array<Drop, 4> drops{{{"bounced address", "bounce"},
                                     {"invalid", "bounce"},
                                     {"spam reporting address", "spam"},
                                     {"unsubscribed address", "unsubscribe"}}};

// Why its address is not to be written to any more; empty: it may be.
std::string suppression_of(const std::string& name, const json& element) {
    if (name == "spamreport") {
        return "spam";
    }
    if (name == "unsubscribe" || name == "group_unsubscribe") {
        return "unsubscribe";
    }
    if (name == "bounce") {
        return text_at(element, {"type"}) == "bounce" ? "bounce" : "";
    }
    if (name == "dropped") {
        const auto reason = to_ascii_lower(text_at(element, {"reason"}));
        for (const auto& drop : drops) {
            if (reason == drop.reason) {
                return std::string(drop.suppress);
            }
        }
    }
    return {};
}

void read_suppression(MessageReport& report, const std::string& name, const json& element) {
    report.suppress = suppression_of(name, element);
    report.address = to_ascii_lower(text_at(element, {"email"}));
    if (report.suppress.empty() || report.address.size() > address_bytes_max ||
        report.address.find('@') == std::string::npos) {
        report.suppress.clear();
        report.address.clear();
    }
}

std::int64_t time_of(const json& element) {
    std::int64_t seconds = 0;
    const auto text = text_at(element, {"timestamp"});
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    constexpr std::int64_t latest_s = 100'000'000'000;
    return parsed.ec == std::errc() && seconds > 0 && seconds < latest_s ? seconds * 1000 : 0;
}

WebhookEvent element_event(const json& element) {
    const auto name = text_at(element, {"event"});
    WebhookEvent event;
    auto& report = event.report;
    report.status = status_of(name, element);
    read_suppression(report, name, element);
    if (report.status.empty() && report.suppress.empty()) {
        return unknown_event(name, "says nothing about delivery");
    }
    event.kind = EventKind::email_report;
    event.name = name;
    event.key = business_key({required_text(element, {"sg_event_id"})});
    const auto message = text_at(element, {"sg_message_id"});
    report.message_id = message.substr(0, message.find('.'));
    report.own_id = text_at(element, {"coupon_id"});
    report.recipient = to_ascii_lower(text_at(element, {"email"}));
    report.at_ms = time_of(element);
    event.error = text_at(element, {"reason"});
    if (event.error.empty() && name == "deferred") {
        event.error = text_at(element, {"response"});
    }
    // A stranger's mail server wrote it.
    event.error = provider_words(event.error);
    event.digest = report.suppress.empty()
                       ? event_digest({report.message_id, report.own_id, report.status})
                       : event_digest({report.message_id, report.own_id, report.status,
                                       report.suppress, report.address});
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
