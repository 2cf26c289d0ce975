#include "core/base64.hpp"
#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core_webhook_support.hpp"

namespace coupon {
namespace {

constexpr const char* kProvider = "sendgrid";
constexpr const char* kKey =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/"
    "7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
constexpr const char* kOlderKey =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPT"
    "nlvFYPAZFceEu/1FwCM/QmGUhA==";
constexpr const char* kOtherKey =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aND"
    "thvj+y7GjUuFDb/R1NGe1OPzpA==";

TestWebhook official() {
    TestWebhook webhook;
    webhook.body =
        R"([{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",)"
        R"("sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",)"
        R"("sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",)"
        R"("smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}])"
        "\r\n";
    webhook.headers = {
        {"X-Twilio-Email-Event-Webhook-Signature",
         "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+"
         "luQAbPIqHh89M15TluLtEZtM="},
        {"X-Twilio-Email-Event-Webhook-Timestamp", "1600112502"}};
    webhook.settings.secrets = {{kKey}};
    return webhook;
}

TestWebhook older() {
    TestWebhook webhook;
    webhook.body = R"({"category":"example_payload","event":"test_event","message_id":"message_id"})";
    webhook.headers = {
        {"X-Twilio-Email-Event-Webhook-Signature",
         "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH2"
         "j/0="},
        {"X-Twilio-Email-Event-Webhook-Timestamp", "1588788367"}};
    webhook.settings.secrets = {{kOlderKey}};
    return webhook;
}

TEST(WebhookSendgrid, TakesItsOwnVectors) {
    ASSERT_EQ(official().body.size(), 327u);
    ASSERT_EQ(hex_encode(as_text(sha256(official().body))),
              "ef3e4606385ea6adbc55fceb6117cf2784040cf145a010e5ef4afc2bc7c70452");
    expect_accepted(official(), kProvider, WebhookTrust::body_signed);
    expect_accepted(older(), kProvider, WebhookTrust::body_signed);
}

TEST(WebhookSendgrid, RefusesWhatItsOwnVectorsRefuse) {
    TestWebhook webhook = older();
    webhook.settings.secrets = {{kOtherKey}};
    expect_refused(webhook, kProvider, WebhookVerdict::bad);
    webhook = older();
    webhook.body = "payload";
    expect_refused(webhook, kProvider, WebhookVerdict::bad);
    webhook = older();
    signature_of(webhook) =
        "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH3"
        "j/0=";
    expect_refused(webhook, kProvider, WebhookVerdict::bad);
    webhook = older();
    time_of(webhook) = "timestamp";
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
}

TEST(WebhookSendgrid, TakesAnyOfTheKeys) {
    TestWebhook webhook = official();
    expect_any_secret(webhook, kProvider, WebhookTrust::body_signed, {kOtherKey});
    expect_any_secret(webhook, kProvider, WebhookTrust::body_signed, {"no key"});
    webhook.settings.secrets.clear();
    expect_refused(webhook, kProvider, WebhookVerdict::bad);
}

TEST(WebhookSendgrid, KeepsMoreKeysThanItHasRoomFor) {
    TestWebhook webhook = official();
    webhook.settings.secrets.clear();
    for (int at = 0; at < 100; ++at)
        webhook.settings.secrets.push_back({"no key " + std::to_string(at)});
    webhook.settings.secrets.push_back({kKey});
    expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
}

TEST(WebhookSendgrid, CountsEachBit) {
    for (const TestWebhook& webhook : {official(), older()}) {
        expect_each_bit_counts(webhook, kProvider, body_of);
        expect_each_bit_counts(webhook, kProvider, signature_of);
        expect_each_bit_counts(webhook, kProvider, time_of);
    }
}

TEST(WebhookSendgrid, SplitsTimeAndBodyOneWay) {
    TestWebhook webhook = official();
    webhook.body = "2" + webhook.body;
    time_of(webhook) = "160011250";
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
}

TEST(WebhookSendgrid, GoesStaleWhereAToleranceIsSet) {
    TestWebhook webhook = official();
    webhook.settings.tolerance_ms = 300'000;
    webhook.now_ms = 1'600'112'802'000;
    expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
    webhook.now_ms += 1;
    expect_refused(webhook, kProvider, WebhookVerdict::stale);
    webhook.now_ms = 1'600'112'201'999;
    expect_refused(webhook, kProvider, WebhookVerdict::stale);
}

TEST(WebhookSendgrid, NeedsOneSignatureAndOneTime) {
    expect_no_duplicate(official(), kProvider, 0);
    expect_no_duplicate(official(), kProvider, 1);
    for (size_t header : {0, 1}) {
        TestWebhook webhook = official();
        webhook.headers[header].second = "";
        expect_refused(webhook, kProvider, WebhookVerdict::missing);
        webhook.headers[header].second = "not base64";
        expect_refused(webhook, kProvider, WebhookVerdict::malformed);
        webhook.headers[header].second = std::string(100000, 'A');
        expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    }
    for (const char* der : {"MAA=", "MAYCAQACAQA=", "MAYCAQECAQE=", "AAAA", "MIL/////"}) {
        TestWebhook webhook = official();
        signature_of(webhook) = der;
        expect_refused(webhook, kProvider, WebhookVerdict::bad);
    }
}

TEST(WebhookSendgrid, RefusesHostileBodies) {
    expect_hostile_bodies_refused(official(), kProvider);
}

TEST(WebhookSendgrid, ChecksTheKeysForm) {
    auto check = find_webhook_provider(kProvider)->check_secret;
    EXPECT_EQ(check({kKey}), "");
    std::string point_off_the_curve = kKey;
    point_off_the_curve[60] ^= 1;
    std::string der = *base64_decode(kKey);
    for (const std::string& bad :
         {std::string(), std::string("no key"), std::string(kKey).substr(0, 120),
          point_off_the_curve, base64_encode(der + "x"), base64_encode(der.substr(0, 80)),
          // Ed25519
          std::string("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")}) {
        EXPECT_NE(check({bad}), "") << bad;
    }
}

}  // namespace
}  // namespace coupon
