// Twilio's status callbacks: a form, one message each.
#include <array>

#include "core/webhook/form.hpp"
#include "webhooks/events/parse.hpp"

namespace coupon {
namespace {

struct Status {
    std::string_view theirs, ours;
};

constexpr std::array<Status, 12> statuses{{
    {"queued", "queued"},
    {"accepted", "queued"},
    {"scheduled", "queued"},
    {"sending", "queued"},
    {"sent", "sent"},
    {"partially_delivered", "sent"},
    {"delivered", "delivered"},
    {"read", "delivered"},
    {"undelivered", "failed"},
    {"failed", "failed"},
    {"canceled", "failed"},
    {"receiving", ""},
}};

std::string status_of(std::string_view theirs) {
    for (const auto& status : statuses) {
        if (status.theirs == theirs) {
            return std::string(status.ours);
        }
    }
    return {};
}

}  // namespace

std::vector<WebhookEvent> parse_twilio(const WebhookInput& input) {
    const auto fields = parse_form(input.body);
    if (!fields) {
        throw MalformedEvent("the body is no form");
    }
    const auto value = [&](std::string_view name) {
        size_t times = 0;
        const auto* text = only_field(*fields, name, times);
        return text == nullptr ? std::string() : *text;
    };
    const auto theirs = value("MessageStatus");
    const auto status = status_of(theirs);
    if (status.empty()) {
        return {unknown_event(theirs, "not a status of a message we sent")};
    }
    WebhookEvent event;
    event.kind = EventKind::sms_report;
    event.name = theirs;
    event.report.message_id = value("MessageSid");
    event.report.status = status;
    event.key = business_key({event.report.message_id, theirs});
    const auto code = value("ErrorCode");
    event.error = code.empty() ? "" : "Twilio error " + code;
    event.digest = event_digest({event.report.message_id, status});
    return {event};
}

}  // namespace coupon
