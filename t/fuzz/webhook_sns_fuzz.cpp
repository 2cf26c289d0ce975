// Any bytes as an SNS envelope and, behind the first empty line, as a certificate: the signed text
// holds each signed member, and nothing is called outside of SNS.
#include "check.hpp"
#include "core/webhook/sns.hpp"

namespace {

void check_url(const std::string& url) {
    bool callable = coupon::is_sns_url(url);
    check(!callable || url.starts_with("https://sns."));
    check(!callable || url.substr(8, url.find('/', 8) - 8).find(".amazonaws.com") != std::string::npos);
    check(!callable || url.substr(8, url.find('/', 8) - 8).find_first_of(":@?#\\%") ==
                           std::string::npos);
    check(callable || !coupon::is_sns_certificate_url(url));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    coupon::sns_time_ms(text.substr(0, 40));
    check_url(std::string(text));
    size_t gap = text.find("\n\n");
    auto message = coupon::parse_sns(text.substr(0, gap));
    if (!message) {
        return 0;
    }
    std::string canonical = coupon::sns_canonical_string(*message);
    bool notification = message->type == coupon::SnsMessage::Type::notification;
    size_t bytes = message->message.size() + message->message_id.size() +
                   message->timestamp.size() + message->topic_arn.size() +
                   message->type_name.size();
    bytes += notification ? message->subject.value_or("").size()
                          : message->token.size() + message->subscribe_url.size();
    size_t names = sizeof "Message\n\nMessageId\n\nTimestamp\n\nTopicArn\n\nType\n\n" - 1;
    names += !notification     ? sizeof "SubscribeURL\n\nToken\n\n" - 1
             : message->subject ? sizeof "Subject\n\n" - 1
                                : 0;
    check(canonical.size() == bytes + names);
    check(canonical.ends_with("Type\n" + message->type_name + "\n"));
    check_url(message->certificate_url);
    check_url(message->subscribe_url);
    if (gap != std::string_view::npos) {
        coupon::verify_sns(*message, text.substr(gap + 2));
    }
    return 0;
}
