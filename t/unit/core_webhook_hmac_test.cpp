#include "core/base64.hpp"
#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core_webhook_support.hpp"

namespace coupon {
namespace {

constexpr const char* kProvider = "hmac";
constexpr const char* kSecret = "a secret of sixteen bytes";

using Words = std::vector<std::string_view>;

HmacScheme scheme(const Words& words) {
    HmacScheme parsed;
    std::string error;
    EXPECT_TRUE(parse_hmac_scheme(words, parsed, error)) << error;
    EXPECT_EQ(error, "");
    return parsed;
}

std::string refusal(const Words& words) {
    HmacScheme parsed;
    std::string error;
    EXPECT_FALSE(parse_hmac_scheme(words, parsed, error));
    return error;
}

TestWebhook with(const Words& words, const std::string& signature) {
    TestWebhook webhook;
    webhook.path = "/webhooks/git";
    webhook.query = "a=1";
    webhook.body = "Hello, World!";
    webhook.headers = {{"X-Sig", signature}, {"X-Time", "1746427759"}};
    webhook.settings.secrets = {{kSecret}};
    webhook.settings.hmac = scheme(words);
    return webhook;
}

std::string hex_of(const std::string& text) {
    return hex_encode(as_text(hmac_sha256(kSecret, text)));
}

TEST(WebhookHmac, TakesTheVectorOfGithub) {
    TestWebhook webhook;
    webhook.body = "Hello, World!";
    webhook.headers = {
        {"X-Hub-Signature-256",
         "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}};
    webhook.settings.secrets = {{"It's a Secret to Everybody"}};
    webhook.settings.hmac = scheme({"header=X-Hub-Signature-256", "prefix=sha256="});
    expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
}

TEST(WebhookHmac, TakesEachAlgorithmAndEncoding) {
    std::string body = "Hello, World!";
    expect_accepted(with({"header=X-Sig"}, hex_of(body)), kProvider, WebhookTrust::body_signed);
    expect_accepted(with({"header=X-Sig", "algorithm=sha1", "encoding=base64"},
                         base64_encode(as_text(hmac_sha1(kSecret, body)))),
                    kProvider, WebhookTrust::body_signed);
    expect_accepted(with({"header=X-Sig", "algorithm=sha512", "encoding=hex", "prefix=s="},
                         "s=" + hex_encode(as_text(hmac_sha512(kSecret, body)))),
                    kProvider, WebhookTrust::body_signed);
    expect_refused(with({"header=X-Sig", "algorithm=sha512"}, hex_of(body)), kProvider,
                   WebhookVerdict::malformed);
    expect_refused(with({"header=X-Sig", "encoding=base64"}, hex_of(body)), kProvider,
                   WebhookVerdict::malformed);
    expect_refused(with({"header=X-Sig", "prefix=s="}, hex_of(body)), kProvider,
                   WebhookVerdict::malformed);
}

TEST(WebhookHmac, FillsInTheMacros) {
    Words words = {"header=X-Sig",
                                      "signed={header:X-Time}.{path}?{query}\n{body}}"};
    std::string text = "1746427759./webhooks/git?a=1\nHello, World!}";
    TestWebhook webhook = with(words, hex_of(text));
    expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
    for (std::string* part : {&webhook.path, &webhook.query, &webhook.body, &time_of(webhook)}) {
        *part += "1";
        expect_refused(webhook, kProvider, WebhookVerdict::bad);
        part->pop_back();
    }
    expect_no_duplicate(webhook, kProvider, 0);
    expect_no_duplicate(webhook, kProvider, 1);
    webhook.headers.pop_back();
    expect_refused(webhook, kProvider, WebhookVerdict::missing);
}

TEST(WebhookHmac, TrustsNoBodyThatIsNotSigned) {
    TestWebhook webhook = with({"header=X-Sig", "signed={query}"}, hex_of("a=1"));
    expect_accepted(webhook, kProvider, WebhookTrust::header_only);
    webhook.body = "another";
    expect_accepted(webhook, kProvider, WebhookTrust::header_only);
}

TEST(WebhookHmac, GoesStaleByTheHeaderItNames) {
    Words words = {"header=X-Sig", "signed={header:x-time}{body}",
                                      "time=X-Time"};
    TestWebhook webhook = with(words, hex_of("1746427759Hello, World!"));
    webhook.settings.tolerance_ms = 60'000;
    webhook.now_ms = 1'746'427'819'000;
    expect_accepted(webhook, kProvider, WebhookTrust::body_signed);
    webhook.now_ms += 1;
    expect_refused(webhook, kProvider, WebhookVerdict::stale);
    time_of(webhook) = "yesterday";
    signature_of(webhook) = hex_of("yesterdayHello, World!");
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
}

TEST(WebhookHmac, CountsEachBit) {
    TestWebhook webhook =
        with({"header=X-Sig", "prefix=p=", "signed={header:X-Time}.{body}", "time=X-Time"},
             "p=" + hex_of("1746427759.Hello, World!"));
    expect_each_bit_counts(webhook, kProvider, body_of);
    expect_each_bit_counts(webhook, kProvider, signature_of);
    expect_each_bit_counts(webhook, kProvider, time_of);
    expect_hostile_bodies_refused(webhook, kProvider);
}

TEST(WebhookHmac, TakesAnyOfTheSecrets) {
    TestWebhook webhook = with({"header=X-Sig"}, hex_of("Hello, World!"));
    expect_any_secret(webhook, kProvider, WebhookTrust::body_signed, {"a new secret"});
}

TEST(WebhookHmac, SaysWhatIsWrongWithItsArguments) {
    EXPECT_EQ(refusal({}), "header= is missing");
    EXPECT_EQ(refusal({"header"}), "argument \"header\" is not key=value");
    EXPECT_EQ(refusal({"header=X-Sig", "colour=red"}), "unknown argument \"colour\"");
    EXPECT_EQ(refusal({"header=X-Sig", "header=X-Sig"}), "header= is there twice");
    EXPECT_EQ(refusal({"header=X Sig"}), "invalid header \"X Sig\"");
    EXPECT_EQ(refusal({"header="}), "invalid header \"\"");
    EXPECT_EQ(refusal({"header=X-Sig", "algorithm=md5"}), "invalid algorithm \"md5\"");
    EXPECT_EQ(refusal({"header=X-Sig", "encoding=HEX"}), "invalid encoding \"HEX\"");
    EXPECT_EQ(refusal({"header=X-Sig", "time=a b"}), "invalid time \"a b\"");
    EXPECT_EQ(refusal({"header=X-Sig", "signed={boddy}"}), "unknown macro \"{boddy}\" in signed=");
    EXPECT_EQ(refusal({"header=X-Sig", "signed={body"}), "unknown macro \"{body\" in signed=");
    EXPECT_EQ(refusal({"header=X-Sig", "signed={header:}"}),
              "unknown macro \"{header:}\" in signed=");
    EXPECT_EQ(refusal({"header=X-Sig", "signed="}), "signed= names nothing of the request");
    EXPECT_EQ(refusal({"header=X-Sig", "signed=text"}), "signed= names nothing of the request");
    EXPECT_EQ(refusal({"header=X-Sig", "time=X-Time"}), "signed= leaves out the header of time=");
    std::string many = "signed=";
    for (int at = 0; at < 17; ++at)
        many += "{body}";
    EXPECT_EQ(refusal({"header=X-Sig", many}), "signed= has too many parts");
}

TEST(WebhookHmac, KeepsTheHeadersThatItReads) {
    WebhookSettings settings;
    settings.hmac = scheme({"header=X-Sig", "signed={header:X-Time}{header:x-id}{body}",
                            "time=x-time"});
    using Names = std::vector<std::string_view>;
    EXPECT_EQ(evidence_headers(*find_webhook_provider("hmac"), settings),
              (Names{"x-sig", "x-time", "x-id"}));
    EXPECT_EQ(evidence_headers(*find_webhook_provider("razorpay"), settings),
              (Names{"x-razorpay-signature", "x-razorpay-event-id"}));
}

}  // namespace
}  // namespace coupon
