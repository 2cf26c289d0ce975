#include "core/base64.hpp"
#include "core/hmac.hpp"
#include "core/webhook/form.hpp"
#include "core/webhook/twilio_url.hpp"
#include "core_webhook_support.hpp"

namespace coupon {
namespace {

constexpr const char* kProvider = "twilio";
constexpr const char* kForm =
    "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&"
    "To=%2B18005551212";
constexpr const char* kJson = R"({"property": "value", "boolean": true})";
constexpr const char* kBodyHash =
    "bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";

TestWebhook official(const std::string& signature, const std::string& body = kForm) {
    TestWebhook webhook;
    webhook.query = "foo=1&bar=2";
    webhook.body = body;
    webhook.headers = {{"X-Twilio-Signature", signature}};
    webhook.settings.secrets = {{"12345"}};
    webhook.settings.url = "https://mycompany.com/myapp.php";
    return webhook;
}

TestWebhook official_json() {
    TestWebhook webhook = official("a9nBmqA0ju/hNViExpshrM61xv4=", kJson);
    webhook.query += std::string("&") + kBodyHash;
    return webhook;
}

TestWebhook called(const std::string& url, const std::string& signature) {
    TestWebhook webhook = official(signature);
    webhook.settings.url = url;
    return webhook;
}

TEST(WebhookTwilio, TakesItsOwnVectors) {
    for (const TestWebhook& webhook :
         {official("RSOYDt4T1cUTdK1PDd93/VVr8B8="), official("kvajT1Ptam85bY51eRf/AJRuM3w="),
          called("https://mycompany.com:1234/myapp.php", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
          called("http://mycompany.com/myapp.php", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
          called("http://mycompany.com:1234/myapp.php", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
          called("https://user:pass@mycompany.com/myapp.php", "CukzLTc1tT5dXEDIHm/tKBanW10="),
          called("https://user@mycompany.com/myapp.php", "2YRLlVAflCqxaNicjMpJcSTgzSs="),
          called("https://user:pass@mycompany.com/myapp.php", "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI="),
          official("IK+Dwps556ElfBT0I3Rgjkr1wJU=",
                   "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234"),
          official("83O6e2vORAoJHUNzJjDWN1jz+BA=", "MessagingBinding.Address=%2B1415xxxxxxx&"
                                                   "MessagingBinding.Address=%2B1325xxxxxxx"),
          official_json()}) {
        expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
    }
}

TEST(WebhookTwilio, TakesItsOwnVectorsOfOtherQueries) {
    TestWebhook quote = official("dsq4Ehbj6cs+KdTkpF5sSSplOWw=");
    quote.query += "&Body=It's+amazing";
    expect_accepted(quote, kProvider, WebhookTrust::body_signed);
    TestWebhook empty = official("Ldidvp12m26NI7eqEvxnEpkd9Hc=", "{}");
    empty.query +=
        "&bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    expect_accepted(empty, kProvider, WebhookTrust::body_signed);
    TestWebhook only = official("y77kIzt2vzLz71DgmJGsen2scGs=", kJson);
    only.query = kBodyHash;
    expect_accepted(only, kProvider, WebhookTrust::body_signed);
}

TEST(WebhookTwilio, WritesAUrlInTheWaysThatTwilioDoes) {
    using Urls = std::vector<std::string>;
    EXPECT_EQ(twilio_urls("https://shop/hook?old=1#ct=1", "a=1"),
              (Urls{"https://shop/hook?a=1", "https://shop:443/hook?a=1"}));
    EXPECT_EQ(twilio_urls("http://shop:8080", ""), (Urls{"http://shop/", "http://shop:8080/"}));
    EXPECT_EQ(twilio_urls("https://[::1]/x", ""), (Urls{"https://[::1]/x", "https://[::1]:443/x"}));
    EXPECT_EQ(twilio_urls("https://shop/x", "a=it's+1"),
              (Urls{"https://shop/x?a=it's+1", "https://shop:443/x?a=it's+1",
                    "https://shop/x?a=it%27s+1", "https://shop:443/x?a=it%27s+1",
                    "https://shop/x?a=it's%201", "https://shop:443/x?a=it's%201"}));
    for (const char* odd : {"", "shop", "://", "https://", "?", "https://:443"})
        EXPECT_FALSE(twilio_urls(odd, odd).empty());
}

TEST(WebhookTwilio, TakesAnyOfTheTokens) {
    TestWebhook webhook = official("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    expect_any_secret(webhook, kProvider, WebhookTrust::body_signed, {"new"});
}

TEST(WebhookTwilio, CountsEachBitOfAForm) {
    TestWebhook webhook = official("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    auto expected = parse_form(kForm);
    // Only what decodes to the same parameters may pass: the case of a hexadecimal digit.
    expect_each_bit_counts(webhook, kProvider, body_of,
                           [&](const std::string& body) { return parse_form(body) == expected; });
    expect_each_bit_counts(webhook, kProvider, signature_of);
    expect_each_bit_counts(webhook, kProvider,
                           [](TestWebhook& each) -> std::string& { return each.query; });
}

TEST(WebhookTwilio, CountsEachBitOfJson) {
    expect_each_bit_counts(official_json(), kProvider, body_of);
    expect_each_bit_counts(official_json(), kProvider, signature_of);
    expect_each_bit_counts(official_json(), kProvider,
                           [](TestWebhook& each) -> std::string& { return each.query; });
}

TEST(WebhookTwilio, NeedsOneSignatureOfItsForm) {
    TestWebhook webhook = official("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    expect_no_duplicate(webhook, kProvider, 0);
    for (const char* other : {"x", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "RSOYDt4T1cUTdK1PDd93/VVr8B9=",
                              "RSOYDt4T1cUTdK1PDd93_VVr8B8="}) {
        signature_of(webhook) = other;
        expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    }
    webhook.headers.clear();
    expect_refused(webhook, kProvider, WebhookVerdict::missing);
}

TEST(WebhookTwilio, BoundsTheFields) {
    TestWebhook webhook = official("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    for (size_t at = 0; at < kFormFieldsMax; ++at)
        webhook.body += "&x=1";
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    webhook = official_json();
    webhook.query += std::string("&") + kBodyHash;
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
}

TEST(WebhookTwilio, BoundsTheForm) {
    for (size_t size : {kSignedFormMaxBytes, kSignedFormMaxBytes + 1}) {
        TestWebhook webhook = official("", std::string(size, 'x'));
        signature_of(webhook) = base64_encode(as_text(
            hmac_sha1("12345", "https://mycompany.com/myapp.php?foo=1&bar=2" + webhook.body)));
        EXPECT_EQ(webhook.verify(kProvider).verdict, size == kSignedFormMaxBytes
                                                         ? WebhookVerdict::accepted
                                                         : WebhookVerdict::malformed);
    }
}

TEST(WebhookTwilio, RefusesHostileBodies) {
    expect_hostile_bodies_refused(official("RSOYDt4T1cUTdK1PDd93/VVr8B8="), kProvider);
    expect_hostile_bodies_refused(official_json(), kProvider);
}

}  // namespace
}  // namespace coupon
