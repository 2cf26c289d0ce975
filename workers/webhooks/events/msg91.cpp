// MSG91's delivery reports, in the shapes it has had: a form whose `data` is JSON with reports
// inside, a flat object (or an array of them), data inside events, and the configurable "Webhook
// (New)".
#include <algorithm>

#include "core/webhook/ascii.hpp"
#include "core/webhook/form.hpp"
#include "messages/provider_words.hpp"
#include "webhooks/events/exact_json.hpp"
#include "webhooks/events/parse.hpp"

namespace coupon {
namespace {

using nlohmann::json;

std::string digits_of(std::string_view text) {
    std::string digits;
    std::copy_if(text.begin(), text.end(), std::back_inserter(digits),
                 [](char c) { return c >= '0' && c <= '9'; });
    return digits;
}

std::string status_of(std::string_view theirs) {
    const auto word = to_ascii_lower(theirs);
    if (word == "1" || word == "delivered") {
        return "delivered";
    }
    if (word == "2" || word == "9" || word == "16" || word == "17" || word == "25" ||
        word == "failed" || word == "rejected" || word == "ndnc" || word == "blocked") {
        return "failed";
    }
    return {};
}

std::string first_of(const json& one, const json& other, std::initializer_list<const char*> names) {
    for (const auto* place : {&one, &other}) {
        for (const char* name : names) {
            if (auto text = text_at(*place, {name}); !text.empty()) {
                return text;
            }
        }
    }
    return {};
}

// `report` is about one number; `around` is what several reports share.
WebhookEvent report_event(const json& report, const json& around) {
    const auto request = first_of(report, around, {"requestId", "CRQID"});
    const auto number = digits_of(first_of(report, around, {"number", "telNum"}));
    const auto theirs = first_of(report, around, {"status", "event"});
    if (request.empty() || number.empty() || theirs.empty()) {
        return unknown_event(theirs, "no report about one number of a request");
    }
    WebhookEvent event;
    event.kind = EventKind::sms_report;
    event.name = theirs;
    // All that the effect uses; webhook_events keeps a keyed digest of it. A plain one beside it would
    // tell the number to whoever tries them all.
    event.key = business_key({request, number, theirs});
    event.report = {request, "", number, status_of(theirs)};
    event.error = provider_words(
        first_of(report, around, {"failedReason", "failureReason", "desc", "description"}));
    if (event.report.status.empty()) {
        event.reason = "a status we do not know";
    }
    return event;
}

void add_reports(const json& value, std::vector<WebhookEvent>& events) {
    if (value.is_array()) {
        for (const auto& element : value) {
            add_reports(element, events);
        }
        return;
    }
    for (const char* inner : {"report", "data"}) {
        const auto& reports = at_path(value, {inner});
        if (reports.is_array()) {
            for (const auto& report : reports) {
                events.push_back(report_event(report, value));
            }
            return;
        }
    }
    events.push_back(report_event(value, value));
}

std::string json_of(const std::string& body) {
    const auto first = body.find_first_not_of(" \t\r\n");
    if (first != std::string::npos && (body[first] == '{' || body[first] == '[')) {
        return body;
    }
    const auto fields = parse_form(body);
    size_t times = 0;
    const auto* data = fields ? only_field(*fields, "data", times) : nullptr;
    return data == nullptr ? std::string() : *data;
}

}  // namespace

std::vector<WebhookEvent> parse_msg91(const WebhookInput& input) {
    const auto text = json_of(input.body);
    if (text.empty()) {
        return {unknown_event("", "no delivery report")};
    }
    std::vector<WebhookEvent> events;
    add_reports(parse_exact_json(text), events);
    return events;
}

}  // namespace coupon
