// What a webhook says happened, free of its provider's spelling.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/retry_policy.hpp"
#include "webhooks/payment_state.hpp"

namespace coupon {

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

// The stored request, as far as its meaning goes.
struct WebhookInput {
    std::string provider;
    std::string method;
    std::string query;
    std::string trust;   // "body-signed", …
    NamedTexts headers;  // names in lower case
    NamedTexts fields;   // a postback's, under our names
    std::string body;    // raw

    [[nodiscard]] std::string header(std::string_view lower_case_name) const;
    [[nodiscard]] std::string field(std::string_view name) const;
};

// An event we act on, told in a way we cannot use: a dead letter, for a human to look at.
class MalformedEvent : public PermanentFailure {
  public:
    using PermanentFailure::PermanentFailure;
};

enum class EventKind : std::uint8_t {
    unknown,  // acknowledged, nothing follows
    payment,
    refund,
    email_report,
    sms_report,
    postback,
    subscription,
};

enum class RefundState : std::uint8_t { pending, processed, failed };

// What became of a message we sent.
struct MessageReport {
    std::string message_id;  // the provider's
    std::string own_id;      // our row's, where the provider hands it back
    std::string number;      // digits only; where one message id covers several recipients
    std::string status;      // queued, sent, deferred, delivered, failed, bounced; empty: as it was
    std::string address = {};   // in lower case, where it is not to be written to any more
    std::string suppress = {};  // why not: bounce, spam, unsubscribe
    std::string recipient = {};  // of own_id's message, in lower case
    std::int64_t at_ms = 0;     // when it happened, Unix time; 0: the provider does not tell
};

struct WebhookEvent {
    EventKind kind = EventKind::unknown;
    std::string name;    // the provider's word for it; parse_events() makes it one for any column
    std::string key;     // what makes it the same event, within its provider; empty: unknown
    std::string digest;  // SHA-256 over what the effect uses; empty: the key says all of it

    // payment, refund
    std::string gateway_order_id;    // empty for a refund that does not tell
    std::string gateway_payment_id;  // empty where the provider does not tell
    std::string refund_id;
    std::optional<std::int64_t> paise;  // hundredths of the currency's unit
    std::string currency;
    PaymentState state = PaymentState::created;
    RefundState refund = RefundState::pending;
    std::string error;  // the provider's own words
    std::string hold;   // why the order needs a human although it is paid; empty: it does not

    MessageReport report;
    NamedTexts fields;   // of a postback, or of what a confirmation needs
    std::string reason;  // why nothing follows, for unknown ones
};

// ids joined so that no two different lists make the same key. Throws MalformedEvent when one of
// them is empty or fails check_id.
std::string business_key(std::initializer_list<std::string_view> parts);

// Throws MalformedEvent unless it is printable ASCII of at most 256 bytes; an empty one may pass.
void check_id(std::string_view id);

// SHA-256 over the fields, each with its length.
std::string event_digest(std::initializer_list<std::string_view> fields);

// An event nothing follows from.
WebhookEvent unknown_event(std::string name, std::string reason);

}  // namespace coupon
