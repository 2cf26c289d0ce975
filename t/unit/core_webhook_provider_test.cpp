// The table of providers and what all of them share.
#include <algorithm>
#include <set>

#include "core/webhook/check.hpp"
#include "core_webhook_support.hpp"

namespace coupon {
namespace {

TEST(WebhookProvider, IsFoundByItsName) {
    std::set<std::string_view> names;
    for (const WebhookProvider& provider : webhook_providers()) {
        EXPECT_TRUE(names.insert(provider.name).second) << provider.name;
        EXPECT_EQ(find_webhook_provider(provider.name), &provider);
    }
    EXPECT_EQ(names, (std::set<std::string_view>{
                         "razorpay", "phonepe", "cashfree", "sslcommerz", "bkash", "sendgrid",
                         "twilio", "msg91", "admitad", "vcommission", "cuelinks", "hmac",
                         "standard-webhooks"}));
    EXPECT_EQ(find_webhook_provider("Razorpay"), nullptr);
    EXPECT_EQ(find_webhook_provider(""), nullptr);
}

TEST(WebhookProvider, RestsOnSomethingThatIsConfigured) {
    for (const WebhookProvider& provider : webhook_providers()) {
        EXPECT_NE(provider.needs_secret + provider.needs_token + provider.needs_topic, 0)
            << provider.name;
        ASSERT_NE(provider.verify, nullptr);
        ASSERT_NE(provider.check_secret, nullptr);
        EXPECT_EQ(provider.takes_map, !provider.default_map.empty()) << provider.name;
        for (std::string_view header : provider.headers) {
            EXPECT_TRUE(std::none_of(header.begin(), header.end(),
                                     [](char c) { return c >= 'A' && c <= 'Z'; }));
        }
    }
}

TEST(WebhookProvider, AcceptsNothingWithoutEvidence) {
    for (const WebhookProvider& provider : webhook_providers()) {
        TestWebhook webhook;
        webhook.path = "/webhooks/";
        webhook.settings.secrets = {{""}};
        webhook.settings.tokens = {""};
        webhook.settings.hmac.header = "x-sig";
        webhook.settings.hmac.signed_string = "{body}";
        for (const char* body : {"", "{}", "a=1"}) {
            webhook.body = body;
            WebhookCheck check = webhook.verify(std::string(provider.name).c_str());
            EXPECT_NE(check.verdict, WebhookVerdict::accepted) << provider.name;
        }
    }
}

TEST(WebhookProvider, NeverRecordsPhonepesCredentials) {
    std::span<const std::string_view> headers = find_webhook_provider("phonepe")->headers;
    EXPECT_EQ(std::count(headers.begin(), headers.end(), "authorization"), 0);
}

TEST(WebhookRequest, FindsAHeaderInAnyCaseIfItIsThereOnce) {
    WebhookHeader headers[] = {{"X-One", "1"}, {"x-two", "2"}, {"X-TWO", "3"}, {"x-empty", ""}};
    WebhookRequest request;
    request.headers = headers;
    unsigned times = 9;
    EXPECT_EQ(request.header("x-oNE", times), "1");
    EXPECT_EQ(times, 1u);
    EXPECT_EQ(request.header("x-two", times), "");
    EXPECT_EQ(times, 2u);
    EXPECT_EQ(request.header("x-tw", times), "");
    EXPECT_EQ(times, 0u);
    EXPECT_EQ(request.header("x-empty", times), "");
    EXPECT_EQ(times, 1u);
}

TEST(WebhookTime, IsSecondsOrMilliseconds) {
    EXPECT_EQ(parse_unix_ms("1"), 1000);
    EXPECT_EQ(parse_unix_ms("1746427759"), 1'746'427'759'000);
    EXPECT_EQ(parse_unix_ms("99999999999"), 99'999'999'999'000);
    EXPECT_EQ(parse_unix_ms("100000000000"), 100'000'000'000);
    EXPECT_EQ(parse_unix_ms("1746427759733"), 1'746'427'759'733);
    EXPECT_EQ(parse_unix_ms("999999999999999"), 999'999'999'999'999);
    for (const char* bad : {"", "0", "01", "-1", "+1", " 1", "1 ", "1.5", "1e9", "x",
                            "1000000000000000", "99999999999999999999"}) {
        EXPECT_EQ(parse_unix_ms(bad), std::nullopt) << bad;
    }
}

}  // namespace
}  // namespace coupon
