// Providers that sign with a key of their own.
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>

#include "core/base64.hpp"
#include "sample.hpp"

using namespace coupon;

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Signing = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::string text_of(const unsigned char* bytes, size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

std::string public_key_of(EVP_PKEY* key) {
    unsigned char* bytes = nullptr;
    const int size = i2d_PUBKEY(key, &bytes);
    if (size <= 0) {
        throw std::runtime_error("OpenSSL cannot write the key");
    }
    std::string text = text_of(bytes, static_cast<size_t>(size));
    OPENSSL_free(bytes);
    return text;
}

std::string signature_of(EVP_PKEY* key, const std::string& text) {
    Signing signing(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    unsigned char signature[128];
    size_t size = sizeof signature;
    if (!signing || EVP_DigestSignInit(signing.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
        EVP_DigestSign(signing.get(), signature, &size, reinterpret_cast<const unsigned char*>(text.data()),
                       text.size()) != 1) {
        throw std::runtime_error("OpenSSL cannot sign");
    }
    return text_of(signature, size);
}

Sample sendgrid() {
    const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
    if (!key) {
        throw std::runtime_error("OpenSSL cannot make a key");
    }
    const std::string time = "1746427759";
    Sample sample{.provider = "sendgrid", .body = "[" + json_body(1022) + "]"};
    sample.headers = {
        {"x-twilio-email-event-webhook-signature", base64_encode(signature_of(key.get(), time + sample.body))},
        {"x-twilio-email-event-webhook-timestamp", time}};
    sample.settings.secrets = {{base64_encode(public_key_of(key.get()))}};
    return sample;
}

// The edge looks at the envelope only: the certificate is not at hand there.
Sample bkash() {
    const std::string topic = "arn:aws:sns:ap-southeast-1:123456789012:shop";
    const std::string host = "https://sns.ap-southeast-1.amazonaws.com/";
    Sample sample{.provider = "bkash"};
    sample.body = R"({"Type":"Notification","MessageId":"22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324","TopicArn":")" + topic +
                  R"(","Message":")" + std::string(220, 'm') +
                  R"(","Timestamp":"2025-05-05T06:49:19.733Z","SignatureVersion":"1","Signature":")" +
                  base64_encode(std::string(256, 's')) + R"(","SigningCertURL":")" + host +
                  R"(SimpleNotificationService-0000.pem","UnsubscribeURL":")" + host + R"(?Action=Unsubscribe"})";
    sample.settings.topics = {topic};
    return sample;
}

}  // namespace

void add_public_keys(std::vector<Sample>& samples) {
    samples.insert(samples.end(), {sendgrid(), bkash()});
}
