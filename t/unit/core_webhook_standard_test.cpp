#include "core/base64.hpp"
#include "core/hmac.hpp"
#include "core_webhook_support.hpp"

namespace coupon {
namespace {

constexpr const char* kProvider = "standard-webhooks";
constexpr const char* kKey = "0123456789abcdef01234567";

std::string signature(const std::string& id, const std::string& time, const std::string& body,
                      const std::string& key = kKey) {
    return "v1," + base64_encode(as_text(hmac_sha256(key, id + "." + time + "." + body)));
}

TestWebhook good() {
    TestWebhook webhook;
    webhook.body = R"({"test": 2432232314})";
    webhook.headers = {
        {"webhook-signature", signature("msg_1", "1614265330", webhook.body)},
        {"webhook-timestamp", "1614265330"},
        {"webhook-id", "msg_1"}};
    webhook.settings.secrets = {{"whsec_" + base64_encode(kKey)}};
    return webhook;
}

TEST(WebhookStandard, TakesTheVectorOfItsLibraries) {
    TestWebhook webhook;
    webhook.body = R"({"test": 2432232314})";
    webhook.headers = {{"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
                       {"webhook-timestamp", "1614265330"},
                       {"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"}};
    for (const char* secret : {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                               "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
        webhook.settings.secrets = {{secret}};
        expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
    }
}

TEST(WebhookStandard, TakesAnyOfTheSecretsAndOfTheSignatures) {
    TestWebhook webhook = good();
    std::string other = "whsec_" + base64_encode(std::string(24, 'x'));
    expect_any_secret(webhook, kProvider, WebhookTrust::body_signed, {other});
    expect_any_secret(webhook, kProvider, WebhookTrust::body_signed, {"not base64"});
    std::string one = signature_of(webhook);
    for (const std::string& list :
         {"v1,AAAA " + one, one + " v1,AAAA", "v1a,x " + one, "v2," + one + " " + one}) {
        signature_of(webhook) = list;
        expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
    }
}

TEST(WebhookStandard, BoundsTheSignatures) {
    TestWebhook webhook = good();
    std::string one = signature_of(webhook);
    std::string many;
    for (int at = 0; at < 15; ++at)
        many += "v1,AAAA ";
    signature_of(webhook) = many + one;
    expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
    signature_of(webhook) = "v1,AAAA " + many + one;
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    for (const std::string& none : {std::string(" "), std::string("v2,AAAA"), one.substr(3)}) {
        signature_of(webhook) = none;
        expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    }
}

TEST(WebhookStandard, CountsEachBit) {
    expect_each_bit_counts(good(), kProvider, body_of);
    expect_each_bit_counts(good(), kProvider, signature_of);
    expect_each_bit_counts(good(), kProvider, time_of);
    expect_each_bit_counts(good(), kProvider, [](TestWebhook& webhook) -> std::string& {
        return webhook.header("webhook-id");
    });
}

TEST(WebhookStandard, SplitsItsPartsOneWay) {
    TestWebhook webhook = good();
    webhook.header("webhook-id") = "msg.1";
    signature_of(webhook) = signature("msg.1", "1614265330", webhook.body);
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    webhook = good();
    time_of(webhook) = "1614265330." + webhook.body;
    webhook.body = "";
    signature_of(webhook) = signature("msg_1", time_of(webhook), "");
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
}

TEST(WebhookStandard, GoesStaleWhereAToleranceIsSet) {
    TestWebhook webhook = good();
    webhook.settings.tolerance_ms = 300'000;
    webhook.now_ms = 1'614'265'630'000;
    expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
    webhook.now_ms += 1;
    expect_refused(webhook, kProvider, WebhookVerdict::stale);
    webhook.now_ms = 1'614'265'029'999;
    expect_refused(webhook, kProvider, WebhookVerdict::stale);
}

TEST(WebhookStandard, NeedsEachHeaderOnce) {
    for (size_t header : {0, 1, 2}) {
        expect_no_duplicate(good(), kProvider, header);
        TestWebhook webhook = good();
        webhook.headers.erase(webhook.headers.begin() + static_cast<ptrdiff_t>(header));
        expect_refused(webhook, kProvider, WebhookVerdict::missing);
    }
}

TEST(WebhookStandard, RefusesHostileBodies) {
    expect_hostile_bodies_refused(good(), kProvider);
}

TEST(WebhookStandard, ChecksTheSecretsForm) {
    auto check = find_webhook_provider(kProvider)->check_secret;
    EXPECT_EQ(check({"whsec_" + base64_encode(std::string(24, 'x'))}), "");
    EXPECT_EQ(check({base64_encode(std::string(64, 'x'))}), "");
    EXPECT_NE(check({"whsec_" + base64_encode(std::string(23, 'x'))}), "");
    EXPECT_NE(check({"whsec_" + base64_encode(std::string(65, 'x'))}), "");
    EXPECT_NE(check({"whsec_not base64"}), "");
    EXPECT_NE(check({""}), "");
}

}  // namespace
}  // namespace coupon
