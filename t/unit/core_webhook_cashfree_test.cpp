#include "core/base64.hpp"
#include "core/hmac.hpp"
#include "core_webhook_support.hpp"

namespace coupon {
namespace {

constexpr const char* kProvider = "cashfree";

TestWebhook good() {
    TestWebhook webhook;
    webhook.body =
        R"({"type":"PAYMENT_SUCCESS_WEBHOOK","data":{"payment":{"payment_amount":170.00}}})";
    webhook.headers = {{"x-webhook-signature", "SFnLLi89rQDMhPyaJ2XxnrVgXRgt3Kn1IYbhVCba7UM="},
                       {"x-webhook-timestamp", "1746427759733"}};
    webhook.settings.secrets = {{"secret"}};
    return webhook;
}

TEST(WebhookCashfree, TakesTheVector) {
    expect_accepted(good(), kProvider, WebhookTrust::body_signed);
}

TEST(WebhookCashfree, TakesAnyOfTheSecrets) {
    expect_any_secret(good(), kProvider, WebhookTrust::body_signed, {"new secret"});
}

TEST(WebhookCashfree, CountsEachBit) {
    expect_each_bit_counts(good(), kProvider, body_of);
    expect_each_bit_counts(good(), kProvider, signature_of);
    expect_each_bit_counts(good(), kProvider, time_of);
}

TEST(WebhookCashfree, SplitsTimeAndBodyOneWay) {
    TestWebhook webhook = good();
    webhook.body = "3" + webhook.body;
    time_of(webhook) = "174642775973";
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    webhook = good();
    webhook.body.erase(0, 1);
    time_of(webhook) += "{";
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
}

TEST(WebhookCashfree, GoesStaleWhereAToleranceIsSet) {
    TestWebhook webhook = good();
    webhook.settings.tolerance_ms = 300'000;
    for (int64_t off_ms : {-300'000, 0, 300'000}) {
        webhook.now_ms = 1'746'427'759'733 + off_ms;
        expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
    }
    for (int64_t off_ms : {-300'001, 300'001}) {
        webhook.now_ms = 1'746'427'759'733 + off_ms;
        expect_refused(webhook, kProvider, WebhookVerdict::stale);
    }
    webhook.body += " ";
    expect_refused(webhook, kProvider, WebhookVerdict::bad);
}

TEST(WebhookCashfree, NeedsOneSignatureAndOneTime) {
    expect_no_duplicate(good(), kProvider, 0);
    expect_no_duplicate(good(), kProvider, 1);
    for (const char* name : {"x-webhook-signature", "x-webhook-timestamp"}) {
        TestWebhook webhook = good();
        webhook.drop_header(name);
        expect_refused(webhook, kProvider, WebhookVerdict::missing);
        webhook.header(name) = "no such thing";
        expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    }
}

TEST(WebhookCashfree, RefusesHostileBodies) {
    expect_hostile_bodies_refused(good(), kProvider);
}

}  // namespace
}  // namespace coupon
