#include "core/webhook/sns.hpp"

#include "core/webhook/json_members.hpp"

namespace coupon {

namespace {

/// Takes a member that has to be there as a string.
bool take(const std::vector<JsonMember>& members, std::string_view name, std::string& into) {
    const std::string* value = string_member(members, name);
    if (value == nullptr)
        return false;
    into = *value;
    return true;
}

std::optional<SnsMessage::Type> type_of(std::string_view name) noexcept {
    if (name == "Notification")
        return SnsMessage::Type::notification;
    if (name == "SubscriptionConfirmation")
        return SnsMessage::Type::subscription;
    if (name == "UnsubscribeConfirmation")
        return SnsMessage::Type::unsubscription;
    return std::nullopt;
}

void append_line(std::string& text, std::string_view name, std::string_view value) {
    text.append(name).append("\n").append(value).append("\n");
}

}  // namespace

std::optional<SnsMessage> parse_sns(std::string_view body) {
    if (body.size() > kSnsBodyMaxBytes)
        return std::nullopt;
    auto members = parse_json_members(body);
    SnsMessage message;
    if (!members || !take(*members, "Type", message.type_name) ||
        !take(*members, "MessageId", message.message_id) ||
        !take(*members, "TopicArn", message.topic_arn) ||
        !take(*members, "Message", message.message) ||
        !take(*members, "Timestamp", message.timestamp) ||
        !take(*members, "SignatureVersion", message.signature_version) ||
        !take(*members, "Signature", message.signature) ||
        !take(*members, "SigningCertURL", message.certificate_url)) {
        return std::nullopt;
    }
    auto type = type_of(message.type_name);
    if (!type || message.message_id.empty() || message.signature.empty())
        return std::nullopt;
    message.type = *type;
    if (message.signature_version != "1" && message.signature_version != "2")
        return std::nullopt;
    if (const std::string* subject = string_member(*members, "Subject"))
        message.subject = *subject;
    bool confirmation = *type != SnsMessage::Type::notification;
    if (confirmation && (!take(*members, "Token", message.token) ||
                         !take(*members, "SubscribeURL", message.subscribe_url))) {
        return std::nullopt;
    }
    return message;
}

std::string sns_canonical_string(const SnsMessage& message) {
    std::string text;
    append_line(text, "Message", message.message);
    append_line(text, "MessageId", message.message_id);
    if (message.type == SnsMessage::Type::notification) {
        if (message.subject)
            append_line(text, "Subject", *message.subject);
        append_line(text, "Timestamp", message.timestamp);
    } else {
        append_line(text, "SubscribeURL", message.subscribe_url);
        append_line(text, "Timestamp", message.timestamp);
        append_line(text, "Token", message.token);
    }
    append_line(text, "TopicArn", message.topic_arn);
    append_line(text, "Type", message.type_name);
    return text;
}

}  // namespace coupon
