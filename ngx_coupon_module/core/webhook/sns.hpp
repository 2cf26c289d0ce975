// Messages of AWS SNS, as bKash sends them: an envelope whose signature a certificate verifies that
// has to be fetched first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coupon {

inline constexpr size_t kSnsBodyMaxBytes = 65536;

struct SnsMessage {
    enum class Type : uint8_t { notification, subscription, unsubscription } type{};
    std::string type_name;  // as it is signed
    std::string message_id;
    std::string topic_arn;
    std::string message;
    std::optional<std::string> subject;
    std::string timestamp;      // ISO 8601
    std::string token;          // of subscription and unsubscription
    std::string subscribe_url;  // likewise
    std::string signature_version;  // "1" or "2"
    std::string signature;          // base64
    std::string certificate_url;
};

/// Nothing when the body is no such envelope, or a member that is signed is absent.
std::optional<SnsMessage> parse_sns(std::string_view body);

/// The signed text: each signed member's name and value, a line each.
std::string sns_canonical_string(const SnsMessage& message);

/// https, a host of SNS in some region, no port, no credentials: what SubscribeURL must be.
bool is_sns_url(std::string_view url) noexcept;

/// Likewise, with a path that ends in .pem: what may be fetched as certificate.
bool is_sns_certificate_url(std::string_view url) noexcept;

/// Unix milliseconds of YYYY-MM-DDThh:mm:ss[.fraction]Z; nothing for any other text.
std::optional<int64_t> sns_time_ms(std::string_view timestamp) noexcept;

/// Whether the certificate's key signed the message: RSA of at least 2048 bits, PKCS#1 v1.5, SHA-1
/// for version 1 and SHA-256 for version 2. False for a certificate that is none. The caller has
/// checked where the certificate came from, and the topic.
bool verify_sns(const SnsMessage& message, std::string_view certificate_pem);

}  // namespace coupon
