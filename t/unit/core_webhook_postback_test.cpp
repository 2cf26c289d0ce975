// Admitad, vCommission, CueLinks and MSG91: a token in the URL is all there is.
#include "core/click_id.hpp"
#include "core/webhook/postback.hpp"
#include "core_webhook_support.hpp"

namespace coupon {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

constexpr SipKey kClickKey = {1, 2};
constexpr const char* kNetworks[] = {"admitad", "vcommission", "cuelinks"};

TestWebhook called(const std::string& query) {
    TestWebhook webhook;
    webhook.method = "GET";
    webhook.path = "/webhooks/network/the-token-of-this-url";
    webhook.query = query;
    webhook.settings.tokens = {"the-token-of-this-url"};
    webhook.settings.click_keys = {kClickKey};
    return webhook;
}

std::string click_id(SipKey key) {
    return to_string(ClickIdMaker(key, 7).make(1'746'427'759'733));
}

TEST(WebhookPostback, NeedsOneOfTheTokensAsLastSegment) {
    for (const char* network : {"admitad", "vcommission", "cuelinks", "msg91"}) {
        TestWebhook webhook = called("");
        webhook.body = "{}";
        expect_accepted(webhook, network, WebhookTrust::token_only);
        for (const std::vector<std::string>& tokens :
             {std::vector<std::string>{"a-new-token", "the-token-of-this-url"},
              std::vector<std::string>{"the-token-of-this-url", "a-new-token"}}) {
            webhook.settings.tokens = tokens;
            expect_accepted(webhook, network, WebhookTrust::token_only);
        }
        for (const char* path : {"/webhooks/network/another", "/the-token-of-this-url/x",
                                 "/webhooks/network/the-token-of-this-ur", "no slash",
                                 "/webhooks/network/the-token-of-this-url2"}) {
            webhook.path = path;
            expect_refused(webhook, network, WebhookVerdict::bad);
        }
        for (const char* path : {"", "/", "/webhooks/network/", "/the-token-of-this-url/"}) {
            webhook.path = path;
            expect_refused(webhook, network, WebhookVerdict::missing);
        }
        webhook = called("");
        webhook.body = "{}";
        webhook.settings.tokens.clear();
        expect_refused(webhook, network, WebhookVerdict::bad);
        webhook = called("");
        webhook.body = "{}";
        expect_each_bit_counts(webhook, network,
                               [](TestWebhook& each) -> std::string& { return each.path; },
                               // What stands in front of the token is NGINX's location.
                               [](const std::string& path) {
                                   return path.ends_with("/the-token-of-this-url");
                               });
    }
}

TEST(WebhookPostback, RefusesAClickIdWithAWrongTag) {
    const std::pair<const char*, const char*> kClickFields[] = {
        {"admitad", "subid4"}, {"vcommission", "p1"}, {"cuelinks", "click_id"}};
    for (auto [network, field] : kClickFields) {
        std::string query = std::string(field) + "=";
        expect_accepted(called(query + click_id(kClickKey)), network, WebhookTrust::token_only);
        TestWebhook wrong = called(query + click_id({3, 4}));
        expect_refused(wrong, network, WebhookVerdict::bad);
        EXPECT_EQ(wrong.verify(network).reason, "click id has a wrong tag");
        wrong.settings.click_keys = {kClickKey, {3, 4}};
        expect_accepted(wrong, network, WebhookTrust::token_only);
        wrong.settings.click_keys.clear();
        expect_accepted(wrong, network, WebhookTrust::token_only);
        // What is not of our form is recorded: a front end's id, a version 4 uuid, nothing.
        for (const char* other : {"fe-1234", "0190a6f2-1c3d-4abc-8def-0123456789ab", "",
                                  "0190a6f2-1c3d-7abc-8def-0123456789", "%00"}) {
            expect_accepted(called(query + other), network, WebhookTrust::token_only);
        }
        // Another variant does not make a version 7 uuid acceptable.
        expect_refused(called(query + "0190a6f2-1c3d-7abc-cdef-0123456789ab"), network,
                       WebhookVerdict::bad);
    }
}

TEST(WebhookPostback, FindsTheClickIdUnderTheNameOfTheMap) {
    TestWebhook webhook = called("subid4=" + click_id({3, 4}) + "&sub=" + click_id(kClickKey));
    webhook.settings.map = {{"click", "sub"}};
    expect_accepted(webhook, "admitad", WebhookTrust::token_only);
    webhook.settings.map = {{"click", "subid4"}};
    expect_refused(webhook, "admitad", WebhookVerdict::bad);
}

TEST(WebhookPostback, MapsTheNetworksNames) {
    EXPECT_EQ(called("admitad_id=77&subid4=c&payment_status=new&payment_sum=1.50&order_sum=20"
                     "&currency=INR&order_id=A+1&time=1732104000&reward_ready=false&type=sale"
                     "&action_id=5&offer_id=9&user_agent=x")
                  .mapped("admitad"),
              (Values{{"click", "c"},
                      {"id", "77"},
                      {"action", "5"},
                      {"kind", "sale"},
                      {"status", "new"},
                      {"ready", "false"},
                      {"amount", "20"},
                      {"commission", "1.50"},
                      {"currency", "INR"},
                      {"order", "A 1"},
                      {"time", "1732104000"},
                      {"campaign", "9"}}));
    EXPECT_EQ(called("p1=c&txn_id=7&payout=1").mapped("vcommission"),
              (Values{{"click", "c"}, {"id", "7"}, {"commission", "1"}}));
    EXPECT_EQ(called("click_id=c&transaction_id=7&sale_amount=3&commission=1").mapped("cuelinks"),
              (Values{{"click", "c"}, {"id", "7"}, {"amount", "3"}, {"commission", "1"}}));
    EXPECT_EQ(called("transaction_amount=&sale_amount=3").mapped("cuelinks"),
              (Values{{"amount", "3"}}));
    EXPECT_EQ(called("sale_amount=3&transaction_amount=4").mapped("cuelinks"),
              (Values{{"amount", "4"}}));
    EXPECT_EQ(called("requestId=7").mapped("msg91"), Values{});
}

TEST(WebhookPostback, PutsTheLocationsNamesFirst) {
    TestWebhook webhook = called("mine=1&txn_id=2&p1=3");
    webhook.settings.map = {{"id", "mine"}, {"note", "absent"}};
    EXPECT_EQ(webhook.mapped("vcommission"), (Values{{"id", "1"}, {"click", "3"}}));
    webhook.query = "txn_id=2&p1=3";
    EXPECT_EQ(webhook.mapped("vcommission"), (Values{{"click", "3"}}));
}

TEST(WebhookPostback, ReadsFormsAndFlatObjects) {
    TestWebhook webhook = called("p1=c");
    webhook.method = "POST";
    webhook.body = "txn_id=7&payout=1%2E5";
    Values expected = {{"click", "c"}, {"id", "7"}, {"commission", "1.5"}};
    EXPECT_EQ(webhook.mapped("vcommission"), expected);
    webhook.body = R"( {"txn_id":7,"payout":1.5,"status":null,"currency":{"a":[1]}})";
    EXPECT_EQ(webhook.mapped("vcommission"), expected);
    webhook.body = R"({"txn_id":"\u0000x","status":true})";
    EXPECT_EQ(webhook.mapped("vcommission"),
              (Values{{"click", "c"}, {"id", std::string("\0x", 2)}, {"status", "true"}}));
}

TEST(WebhookPostback, RefusesFieldsThatSayTwoThings) {
    for (const char* network : kNetworks) {
        TestWebhook webhook = called("status=approved&status=declined&payment_status=1");
        webhook.body = "payment_status=2";
        expect_refused(webhook, network, WebhookVerdict::malformed);
        EXPECT_EQ(webhook.mapped(network), Values{});
        TestWebhook unread = called("nobody=1&nobody=2");
        expect_accepted(unread, network, WebhookTrust::token_only);
    }
}

TEST(WebhookPostback, RefusesBodiesThatCannotBeRead) {
    std::string fields;
    for (int at = 0; at < 2000; ++at)
        fields += "a=1&";
    for (const std::string& body :
         {std::string("{"), std::string("{\"a\":1}x"), std::string("{\"id\":1,\"id\":2}"),
          "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}", fields,
          std::string(kPostbackBodyMaxBytes + 1, ' '), std::string("{\"a\":\"\xff\"}")}) {
        TestWebhook webhook = called("p1=c");
        webhook.body = body;
        for (const char* network : kNetworks)
            expect_refused(webhook, network, WebhookVerdict::malformed);
        EXPECT_EQ(webhook.mapped("vcommission"), Values{});
    }
}

TEST(WebhookPostback, TakesReportsOfAnyShapeFromMsg91) {
    TestWebhook webhook = called("");
    for (const char* body : {"data=%5B%7B%7D%5D", "[{}]", "{}", "\xff"}) {
        webhook.body = body;
        expect_accepted(webhook, "msg91", WebhookTrust::token_only);
    }
    webhook.body = "";
    expect_refused(webhook, "msg91", WebhookVerdict::malformed);
    EXPECT_FALSE(find_webhook_provider("msg91")->get);
}

TEST(WebhookPostback, ChecksTheTokensForm) {
    for (const char* network : {"admitad", "vcommission", "cuelinks", "msg91"}) {
        const WebhookProvider& provider = *find_webhook_provider(network);
        EXPECT_TRUE(provider.needs_token);
        EXPECT_GE(provider.secret_min_bytes, 16u);
        EXPECT_EQ(provider.check_secret({"AZaz09-._~"}), "");
        for (const char* bad : {"a/b", "a b", "a%20", "\xc3\xa4", "a?b"})
            EXPECT_NE(provider.check_secret({bad}), "") << bad;
    }
}

}  // namespace
}  // namespace coupon
