#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core/webhook/phonepe.hpp"
#include "core_webhook_support.hpp"

namespace coupon {
namespace {

constexpr const char* kProvider = "phonepe";
constexpr const char* kResponse =
    "eyJzdWNjZXNzIjp0cnVlLCJjb2RlIjoiUEFZTUVOVF9TVUNDRVNTIiwiZGF0YSI6eyJzdGF0ZSI6IkNPTVBMRVRFRCJ9"
    "fQ==";

TestWebhook version_1() {
    TestWebhook webhook;
    webhook.body = R"({"response":")" + std::string(kResponse) + R"("})";
    webhook.headers = {
        {"X-VERIFY", "05fc790df5e1917ffe66cc80df96d25991e7195162331262f4f50a48605c6a0b###1"}};
    webhook.settings.secrets = {{"test-salt-key-0001", "1"}};
    return webhook;
}

TestWebhook version_2() {
    TestWebhook webhook;
    webhook.body = R"({"event":"checkout.order.completed","payload":{"state":"COMPLETED"}})";
    webhook.headers = {{"Authorization",
                        "bc842c31a9e54efe320d30d948be61291f3ceee4766e36ab25fa65243cd76e0e"}};
    webhook.settings.secrets = {{"username:password"}};
    return webhook;
}

TEST(WebhookPhonepe, TakesTheVectorsOfBothVersions) {
    expect_accepted(version_1(), kProvider, WebhookTrust::body_signed);
    expect_accepted(version_2(), kProvider, WebhookTrust::header_only);
    TestWebhook empty = version_2();
    signature_of(empty) = "e7ac0786668e0ff0f02b62bd04f45ff636fd82db63b1104601c975dc005f3a67";
    empty.settings.secrets = {{":"}};
    expect_accepted(empty, kProvider, WebhookTrust::header_only);
}

TEST(WebhookPhonepe, ReadsTheSignedPayload) {
    EXPECT_EQ(phonepe_v1_payload(version_1().body),
              R"({"success":true,"code":"PAYMENT_SUCCESS","data":{"state":"COMPLETED"}})");
    EXPECT_EQ(phonepe_v1_payload(R"({"response":"%%%%"})"), std::nullopt);
    EXPECT_EQ(phonepe_v1_payload(R"({"response":5})"), std::nullopt);
    EXPECT_EQ(phonepe_v1_payload("[]"), std::nullopt);
}

TEST(WebhookPhonepe, PicksTheSaltByItsIndex) {
    TestWebhook webhook = version_1();
    webhook.settings.secrets = {{"test-salt-key-0001", "2"}};
    expect_refused(webhook, kProvider, WebhookVerdict::bad);
    expect_any_secret(version_1(), kProvider, WebhookTrust::body_signed, {"other-salt", "1"});
    expect_any_secret(version_2(), kProvider, WebhookTrust::header_only, {"username:passwort"});
}

TEST(WebhookPhonepe, TakesBothVersionsAtOnce) {
    for (TestWebhook webhook : {version_1(), version_2()}) {
        webhook.settings.secrets = {{"test-salt-key-0001", "1"}, {"username:password"}};
        EXPECT_EQ(webhook.verify(kProvider).verdict, WebhookVerdict::accepted);
    }
    // A salt is no password, and a password no salt.
    TestWebhook one = version_1();
    one.settings.secrets = {{"test-salt-key-0001"}};
    expect_refused(one, kProvider, WebhookVerdict::missing);
    TestWebhook two = version_2();
    two.settings.secrets = {{"username:password", "1"}};
    expect_refused(two, kProvider, WebhookVerdict::missing);
    two.settings.secrets = {{"username:password", "1"}, {"username:another"}};
    expect_refused(two, kProvider, WebhookVerdict::bad);
    // Credentials beside a bad signature do not help.
    TestWebhook both = version_1();
    both.settings.secrets = {{"test-salt-key-0001", "1"}, {"username:password"}};
    both.headers.push_back(version_2().headers[0]);
    both.body[14] ^= 1;
    expect_refused(both, kProvider, WebhookVerdict::bad);
}

TEST(WebhookPhonepe, CountsEachBit) {
    // Only the response is signed in version 1: what stands around it is not read.
    expect_each_bit_counts(version_1(), kProvider, body_of, [](const std::string& body) {
        return phonepe_v1_response(body) == std::optional<std::string>(kResponse);
    });
    expect_each_bit_counts(version_1(), kProvider, signature_of);
    expect_each_bit_counts(version_2(), kProvider, signature_of);
}

TEST(WebhookPhonepe, NeedsOneSignatureOfItsForm) {
    expect_no_duplicate(version_1(), kProvider, 0);
    expect_no_duplicate(version_2(), kProvider, 0);
    TestWebhook webhook = version_1();
    std::string digest = signature_of(webhook).substr(0, 64);
    for (const std::string& other :
         {digest, digest + "###", digest + "###x", digest + "###12345", digest + "##1",
          digest.substr(1) + "###1", "###1" + digest, std::string("x")}) {
        signature_of(webhook) = other;
        expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    }
    webhook.headers.clear();
    expect_refused(webhook, kProvider, WebhookVerdict::missing);
    TestWebhook second = version_2();
    signature_of(second) = "SHA256 " + signature_of(second);
    expect_accepted(second, kProvider, WebhookTrust::header_only);
    signature_of(second) = "Basic dXNlcm5hbWU6cGFzc3dvcmQ=";
    expect_refused(second, kProvider, WebhookVerdict::malformed);
}

TEST(WebhookPhonepe, RefusesASignedResponseThatCannotBeRead) {
    TestWebhook webhook = version_1();
    webhook.body = R"({"response":"no base64","event":"checkout.order.completed"})";
    signature_of(webhook) =
        hex_encode(as_text(sha256("no base64test-salt-key-0001"))) + "###1";
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    webhook.body = R"({"response":"e30=","event":"checkout.order.completed"})";
    signature_of(webhook) = hex_encode(as_text(sha256("e30=test-salt-key-0001"))) + "###1";
    expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
}

TEST(WebhookPhonepe, RefusesTwoResponses) {
    TestWebhook webhook = version_1();
    webhook.body.insert(1, R"("response":"e30=",)");
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
}

TEST(WebhookPhonepe, RefusesHostileBodies) {
    expect_hostile_bodies_refused(version_1(), kProvider);
}

TEST(WebhookPhonepe, ChecksTheSecretsForm) {
    auto check = find_webhook_provider(kProvider)->check_secret;
    EXPECT_EQ(check({"username:password"}), "");
    EXPECT_EQ(check({"any salt", "1"}), "");
    for (const char* bad : {"", "salt-without-index", ":password", "username:"})
        EXPECT_NE(check({bad}), "") << bad;
    for (const char* bad : {"x", "12345", "-1", "1 "})
        EXPECT_NE(check({"salt", bad}), "") << bad;
}

}  // namespace
}  // namespace coupon
