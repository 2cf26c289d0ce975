#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core_webhook_support.hpp"

namespace coupon {
namespace {

constexpr const char* kProvider = "razorpay";

TestWebhook official() {
    TestWebhook webhook;
    webhook.body = R"({"a":1,"b":2,"c":{"d":3}})";
    webhook.headers = {{"X-Razorpay-Signature",
                        "2fe04e22977002e6c7cb553adab8b460cb9e2a4970d5953cb27a8472752e3bbc"}};
    webhook.settings.secrets = {{"123456"}};
    return webhook;
}

TEST(WebhookRazorpay, TakesItsOwnVector) {
    expect_accepted(official(), kProvider, WebhookTrust::body_signed);
}

TEST(WebhookRazorpay, TakesAnyOfTheSecrets) {
    TestWebhook webhook = official();
    expect_any_secret(webhook, kProvider, WebhookTrust::body_signed, {"1234567"});
    webhook.settings.secrets.clear();
    expect_refused(webhook, kProvider, WebhookVerdict::bad);
}

TEST(WebhookRazorpay, CountsEachBit) {
    expect_each_bit_counts(official(), kProvider, body_of);
    expect_each_bit_counts(official(), kProvider, signature_of);
}

TEST(WebhookRazorpay, NeedsOneSignatureOfItsForm) {
    TestWebhook webhook = official();
    expect_no_duplicate(webhook, kProvider, 0);
    std::string good = webhook.headers[0].second;
    for (const std::string& other : {good + "0", good.substr(1), std::string("x"),
                                     std::string(64, 'g'), std::string(10000, '0')}) {
        signature_of(webhook) = other;
        expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    }
    signature_of(webhook) = "";
    expect_refused(webhook, kProvider, WebhookVerdict::missing);
    webhook.headers.clear();
    expect_refused(webhook, kProvider, WebhookVerdict::missing);
}

TEST(WebhookRazorpay, HasNoTimeThatGoesStale) {
    TestWebhook webhook = official();
    webhook.settings.tolerance_ms = 1;
    expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
    EXPECT_FALSE(find_webhook_provider(kProvider)->signs_time);
}

TEST(WebhookRazorpay, RefusesHostileBodies) {
    expect_hostile_bodies_refused(official(), kProvider);
}

TEST(WebhookRazorpay, TakesABodyOfAnySizeAndBytes) {
    TestWebhook webhook = official();
    for (const std::string& body : {std::string(), std::string("\0\xff\n", 3),
                                    std::string(1 << 20, '[')}) {
        webhook.body = body;
        signature_of(webhook) = hex_encode(as_text(hmac_sha256("123456", body)));
        expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
    }
}

}  // namespace
}  // namespace coupon
