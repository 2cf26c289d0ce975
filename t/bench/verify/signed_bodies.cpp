// Providers whose signature is a digest over the body as it came.
#include <stdexcept>

#include "core/base64.hpp"
#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "sample.hpp"

using namespace coupon;

namespace {

constexpr size_t body_bytes = 1024;
const std::string seconds = "1746427759";
const std::string milliseconds = "1746427759733";

Sample razorpay() {
    Sample sample{.provider = "razorpay", .body = json_body(body_bytes)};
    sample.headers = {{"x-razorpay-signature", hex_encode(as_text(hmac_sha256(sample_secret, sample.body)))}};
    sample.settings.secrets = {{sample_secret}};
    return sample;
}

// Version 1, which signs; version 2 only names a user and a password.
Sample phonepe() {
    const std::string response = base64_encode(json_body(body_bytes * 3 / 4));
    Sample sample{.provider = "phonepe", .body = "{\"response\":\"" + response + "\"}"};
    sample.headers = {{"x-verify", hex_encode(as_text(sha256(response + sample_secret))) + "###1"}};
    sample.settings.secrets = {{sample_secret, "1"}};
    return sample;
}

Sample cashfree() {
    Sample sample{.provider = "cashfree", .body = json_body(body_bytes)};
    sample.headers = {
        {"x-webhook-signature", base64_encode(as_text(hmac_sha256(sample_secret, milliseconds + sample.body)))},
        {"x-webhook-timestamp", milliseconds}};
    sample.settings.secrets = {{sample_secret}};
    return sample;
}

Sample hmac() {
    Sample sample{.provider = "hmac", .body = json_body(body_bytes)};
    const std::string_view words[] = {"header=x-signature", "prefix=sha256=", "time=x-time",
                                      "signed={header:x-time}.{body}"};
    std::string error;
    if (!parse_hmac_scheme(words, sample.settings.hmac, error)) {
        throw std::runtime_error("hmac: " + error);
    }
    const std::string signed_text = seconds + "." + sample.body;
    sample.headers = {{"x-signature", "sha256=" + hex_encode(as_text(hmac_sha256(sample_secret, signed_text)))},
                      {"x-time", seconds}};
    sample.settings.secrets = {{sample_secret}};
    return sample;
}

Sample standard_webhooks() {
    Sample sample{.provider = "standard-webhooks", .body = json_body(body_bytes)};
    const std::string signed_text = "msg_1." + seconds + "." + sample.body;
    sample.headers = {
        {"webhook-id", "msg_1"},
        {"webhook-timestamp", seconds},
        {"webhook-signature", "v1," + base64_encode(as_text(hmac_sha256(sample_secret, signed_text)))}};
    sample.settings.secrets = {{"whsec_" + base64_encode(sample_secret)}};
    return sample;
}

}  // namespace

std::string json_body(size_t bytes) {
    std::string body = "{\"event\":\"payment.captured\",\"notes\":{";
    const std::string member = "\"note_of_payment\":\"Gift voucher, INR 1499.00\",";
    while (body.size() + member.size() + 12 < bytes) {
        body += member;
    }
    const std::string head = body + "\"last\":\"";
    return head + std::string(bytes - head.size() - 3, 'x') + "\"}}";
}

void add_signed_bodies(std::vector<Sample>& samples) {
    samples.insert(samples.end(), {razorpay(), phonepe(), cashfree(), hmac(), standard_webhooks()});
}
