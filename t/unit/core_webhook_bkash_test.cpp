// The edge's look at an SNS envelope, and the worker's check of its signature.
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "core/base64.hpp"
#include "core/webhook/sns.hpp"
#include "core_webhook_support.hpp"

namespace coupon {
namespace {

constexpr const char* kProvider = "bkash";
constexpr const char* kTopic = "arn:aws:sns:ap-southeast-1:123456789012:bkash";
constexpr const char* kCertificateUrl =
    "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0123abcd.pem";

nlohmann::json notification() {
    return {{"Type", "Notification"},
            {"MessageId", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"},
            {"TopicArn", kTopic},
            {"Subject", "My First Message"},
            {"Message", "{\"trxID\":\"4J420ANOXC\"}\n\u00e4"},
            {"Timestamp", "2012-05-02T00:54:06.655Z"},
            {"SignatureVersion", "1"},
            {"Signature", "AAAA"},
            {"SigningCertURL", kCertificateUrl},
            {"UnsubscribeURL", "https://sns.ap-southeast-1.amazonaws.com/?Action=Unsubscribe"}};
}

nlohmann::json subscription() {
    nlohmann::json json = notification();
    json["Type"] = "SubscriptionConfirmation";
    json["Token"] = "2336412f37fb687f";
    json["SubscribeURL"] =
        "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f";
    json.erase("Subject");
    return json;
}

TestWebhook carrying(const nlohmann::json& json) {
    TestWebhook webhook;
    webhook.body = json.dump();
    webhook.headers = {{"x-amz-sns-message-type", "Notification"}};
    webhook.settings.topics = {"arn:another", kTopic};
    return webhook;
}

TestWebhook with(const char* name, const nlohmann::json& value,
                 nlohmann::json json = notification()) {
    json[name] = value;
    return carrying(json);
}

/// A self-signed certificate and its key.
class Signer {
  public:
    explicit Signer(const char* type = "RSA", size_t bits = 2048) {
        key_.reset(std::string_view(type) == "RSA" ? EVP_PKEY_Q_keygen(nullptr, nullptr, type, bits)
                                                   : EVP_PKEY_Q_keygen(nullptr, nullptr, type, "P-256"));
        std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
        X509_set_pubkey(certificate.get(), key_.get());
        X509_sign(certificate.get(), key_.get(), EVP_sha256());
        std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
        PEM_write_bio_X509(bio.get(), certificate.get());
        char* text = nullptr;
        long size = BIO_get_mem_data(bio.get(), &text);
        pem_.assign(text, static_cast<size_t>(size));
    }

    const std::string& pem() const { return pem_; }

    std::string sign(const EVP_MD* digest, const std::string& text) const {
        std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
        EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get());
        unsigned char signature[1024];
        size_t size = sizeof signature;
        EXPECT_EQ(EVP_DigestSign(context.get(), signature, &size,
                                 reinterpret_cast<const unsigned char*>(text.data()), text.size()),
                  1);
        return base64_encode({reinterpret_cast<const char*>(signature), size});
    }

  private:
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{nullptr, EVP_PKEY_free};
    std::string pem_;
};

const Signer& amazon() {
    static const Signer signer;
    return signer;
}

SnsMessage signed_message(nlohmann::json json, const char* version,
                          const Signer& signer = amazon()) {
    json["SignatureVersion"] = version;
    SnsMessage message = *parse_sns(json.dump());
    message.signature = signer.sign(version[0] == '2' ? EVP_sha256() : EVP_sha1(),
                                    sns_canonical_string(message));
    return message;
}

TEST(WebhookBkash, KeepsWhatCouldBeOursAsUnverified) {
    expect_accepted(carrying(notification()), kProvider, WebhookTrust::unverified);
    expect_accepted(carrying(subscription()), kProvider, WebhookTrust::unverified);
    expect_accepted(with("SignatureVersion", "2"), kProvider, WebhookTrust::unverified);
    expect_accepted(with("Type", "UnsubscribeConfirmation", subscription()), kProvider,
                    WebhookTrust::unverified);
    expect_accepted(with("Unknown", {{"a", {1, 2}}}), kProvider, WebhookTrust::unverified);
}

TEST(WebhookBkash, RefusesOtherTopics) {
    expect_refused(with("TopicArn", "arn:aws:sns:ap-southeast-1:123456789012:bkas"), kProvider,
                   WebhookVerdict::bad);
    TestWebhook webhook = carrying(notification());
    webhook.settings.topics.clear();
    expect_refused(webhook, kProvider, WebhookVerdict::bad);
}

TEST(WebhookBkash, RefusesCertificatesAndSubscriptionsOfOthers) {
    expect_refused(with("SigningCertURL", "https://evil.example/x.pem"), kProvider,
                   WebhookVerdict::bad);
    expect_refused(with("SubscribeURL", "https://evil.example/", subscription()), kProvider,
                   WebhookVerdict::bad);
}

TEST(WebhookBkash, NeedsEachMemberAsAText) {
    for (const char* name : {"Type", "MessageId", "TopicArn", "Message", "Timestamp",
                             "SignatureVersion", "Signature", "SigningCertURL"}) {
        for (const nlohmann::json& value : {nlohmann::json(nullptr), nlohmann::json(1),
                                            nlohmann::json::object(), nlohmann::json::array()}) {
            expect_refused(with(name, value), kProvider, WebhookVerdict::malformed);
        }
    }
    for (const char* name : {"Token", "SubscribeURL"})
        expect_refused(with(name, nullptr, subscription()), kProvider, WebhookVerdict::malformed);
    expect_refused(with("Type", "Another"), kProvider, WebhookVerdict::malformed);
    expect_refused(with("SignatureVersion", "3"), kProvider, WebhookVerdict::malformed);
    expect_refused(with("Timestamp", "yesterday"), kProvider, WebhookVerdict::malformed);
    TestWebhook twice = carrying(notification());
    twice.body.insert(1, "\"Message\":\"other\",");
    expect_refused(twice, kProvider, WebhookVerdict::malformed);
    TestWebhook large = with("Message", std::string(kSnsBodyMaxBytes, 'x'));
    expect_refused(large, kProvider, WebhookVerdict::malformed);
    expect_hostile_bodies_refused(carrying(notification()), kProvider);
}

TEST(WebhookBkash, GoesStaleWhereAToleranceIsSet) {
    TestWebhook webhook = carrying(notification());
    webhook.settings.tolerance_ms = 1000;
    webhook.now_ms = 1'335'920'047'655;
    expect_accepted(webhook, kProvider, WebhookTrust::unverified);
    webhook.now_ms += 1;
    expect_refused(webhook, kProvider, WebhookVerdict::stale);
}

TEST(Sns, SignsTheMembersInTheirOrder) {
    EXPECT_EQ(sns_canonical_string(*parse_sns(notification().dump())),
              "Message\n{\"trxID\":\"4J420ANOXC\"}\n\u00e4\n"
              "MessageId\n22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324\n"
              "Subject\nMy First Message\n"
              "Timestamp\n2012-05-02T00:54:06.655Z\n"
              "TopicArn\narn:aws:sns:ap-southeast-1:123456789012:bkash\n"
              "Type\nNotification\n");
    nlohmann::json without = notification();
    without.erase("Subject");
    EXPECT_EQ(sns_canonical_string(*parse_sns(without.dump())).find("Subject"), std::string::npos);
    without["Subject"] = nullptr;
    EXPECT_EQ(sns_canonical_string(*parse_sns(without.dump())).find("Subject"), std::string::npos);
    EXPECT_EQ(sns_canonical_string(*parse_sns(subscription().dump())),
              "Message\n{\"trxID\":\"4J420ANOXC\"}\n\u00e4\n"
              "MessageId\n22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324\n"
              "SubscribeURL\nhttps://sns.ap-southeast-1.amazonaws.com/"
              "?Action=ConfirmSubscription&Token=2336412f\n"
              "Timestamp\n2012-05-02T00:54:06.655Z\n"
              "Token\n2336412f37fb687f\n"
              "TopicArn\narn:aws:sns:ap-southeast-1:123456789012:bkash\n"
              "Type\nSubscriptionConfirmation\n");
}

TEST(Sns, VerifiesBothVersions) {
    for (const nlohmann::json& json : {notification(), subscription()}) {
        for (const char* version : {"1", "2"})
            EXPECT_TRUE(verify_sns(signed_message(json, version), amazon().pem())) << version;
    }
}

TEST(Sns, RefusesAnyOtherSignature) {
    SnsMessage message = signed_message(notification(), "2");
    std::string signature = message.signature;
    message.signature_version = "1";
    EXPECT_FALSE(verify_sns(message, amazon().pem()));
    message.signature_version = "2";
    EXPECT_FALSE(verify_sns(message, Signer().pem()));
    EXPECT_FALSE(verify_sns(message, ""));
    EXPECT_FALSE(verify_sns(message, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
    EXPECT_FALSE(verify_sns(message, std::string(100'000, 'x')));
    for (const char* other : {"", "AAAA", "not base64", "===="}) {
        message.signature = other;
        EXPECT_FALSE(verify_sns(message, amazon().pem()));
    }
    message.signature = signature;
    EXPECT_TRUE(verify_sns(message, amazon().pem()));
}

TEST(Sns, RefusesWeakAndOtherKeys) {
    Signer weak("RSA", 1024);
    EXPECT_FALSE(verify_sns(signed_message(notification(), "2", weak), weak.pem()));
    Signer curve("EC");
    EXPECT_FALSE(verify_sns(signed_message(notification(), "2", curve), curve.pem()));
}

TEST(Sns, CountsEachBitOfWhatIsSigned) {
    const SnsMessage good = signed_message(notification(), "2");
    for (std::string SnsMessage::* part :
         {&SnsMessage::message, &SnsMessage::message_id, &SnsMessage::timestamp,
          &SnsMessage::topic_arn, &SnsMessage::type_name, &SnsMessage::signature}) {
        SnsMessage message = good;
        for (size_t bit = 0; bit < (message.*part).size() * 8; ++bit) {
            char& byte = (message.*part)[bit / 8];
            byte = static_cast<char>(byte ^ 1 << bit % 8);
            ASSERT_FALSE(verify_sns(message, amazon().pem())) << "bit " << bit;
            byte = static_cast<char>(byte ^ 1 << bit % 8);
        }
    }
    const SnsMessage confirmation = signed_message(subscription(), "2");
    for (std::string SnsMessage::* part : {&SnsMessage::token, &SnsMessage::subscribe_url}) {
        SnsMessage message = confirmation;
        (message.*part)[3] = static_cast<char>((message.*part)[3] ^ 1);
        EXPECT_FALSE(verify_sns(message, amazon().pem()));
    }
    SnsMessage without = good;
    without.subject.reset();
    EXPECT_FALSE(verify_sns(without, amazon().pem()));
}

TEST(Sns, FetchesNothingFromAnywhereElse) {
    for (const char* url : {kCertificateUrl, "https://sns.us-east-1.amazonaws.com/a.pem",
                            "https://sns.cn-north-1.amazonaws.com.cn/a/b_c.pem"}) {
        EXPECT_TRUE(is_sns_certificate_url(url)) << url;
        EXPECT_TRUE(is_sns_url(url)) << url;
    }
    for (const char* url :
         {"", "https://sns.", "http://sns.us-east-1.amazonaws.com/a.pem",
          "https://sns.us-east-1.amazonaws.com", "https://sns.us-east-1.amazonaws.com.evil/a.pem",
          "https://sns.us-east-1.amazonaws.com:8443/a.pem", "https://sns.us.amazonaws.com/a.pem",
          "https://sns.us-east-1.amazonaws.com@evil/a.pem",
          "https://user@sns.us-east-1.amazonaws.com/a.pem",
          "https://sns.evil.com/.amazonaws.com/a.pem", "https://sns.a.b.amazonaws.com/a.pem",
          "https://sns.evil#.amazonaws.com/a.pem", "https://sns.evil?.amazonaws.com/a.pem",
          "https://sns.evil\\.amazonaws.com/a.pem", "https://snsxus-east-1.amazonaws.com/a.pem",
          "https://sns.us-east-1.amazonaws.com/a b.pem",
          "https://sns.us-east-1.amazonaws.com/a\r\n.pem", "//sns.us-east-1.amazonaws.com/a.pem",
          "HTTPS://sns.us-east-1.amazonaws.com/a.pem"}) {
        EXPECT_FALSE(is_sns_url(url)) << url;
        EXPECT_FALSE(is_sns_certificate_url(url)) << url;
    }
    for (const char* url :
         {"https://sns.us-east-1.amazonaws.com/a.txt", "https://sns.us-east-1.amazonaws.com/a?.pem",
          "https://sns.us-east-1.amazonaws.com/../a.pem",
          "https://sns.us-east-1.amazonaws.com/a#.pem",
          "https://sns.us-east-1.amazonaws.com/%2e.pem"}) {
        EXPECT_FALSE(is_sns_certificate_url(url)) << url;
    }
    EXPECT_FALSE(is_sns_url("https://sns.us-east-1.amazonaws.com/" + std::string(3000, 'a')));
}

TEST(Sns, ReadsItsTimes) {
    EXPECT_EQ(sns_time_ms("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(sns_time_ms("2012-05-02T00:54:06.655Z"), 1'335'920'046'655);
    EXPECT_EQ(sns_time_ms("2024-02-29T23:59:59.9Z"), 1'709'251'199'900);
    EXPECT_EQ(sns_time_ms("2024-02-29T23:59:59.123456789Z"), 1'709'251'199'123);
    for (const char* bad :
         {"", "Z", "2012-05-02", "2012-05-02T00:54:06", "2012-05-02 00:54:06Z",
          "2012-05-02T00:54:06.Z", "2012-05-02T00:54:06+00:00", "2023-02-29T00:00:00Z",
          "2012-13-02T00:54:06Z", "2012-05-02T24:00:00Z", "2012-05-02T00:60:00Z",
          "2012-05-02T00:00:61Z", "-012-05-02T00:00:00Z", "2012-05-02T00:54:06.65xZ",
          "2012-05-02T00:54:06.1234567890Z", "2012-05-02T0x:54:06Z"}) {
        EXPECT_EQ(sns_time_ms(bad), std::nullopt) << bad;
    }
}

}  // namespace
}  // namespace coupon
