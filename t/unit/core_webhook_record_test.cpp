#include "core/webhook/record.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace coupon {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

const Uuid kId = *parse_uuid("01934971-927b-7898-afeb-6e96738fe9ca");
constexpr const char* kSegment = "0b5e3c4a-77a1-4c55-9d7e-1f2a3b4c5d6e";
const nlohmann::json kSmallest = {{"v", 1},
                                  {"id", to_string(kId)},
                                  {"ts", 5},
                                  {"provider", "razorpay"},
                                  {"verdict", "accepted"}};

std::string written(const WebhookRecord& webhook) {
    // One byte behind the promised room would be found by the sanitizer and by this mark.
    size_t room = webhook_record_max_bytes(webhook);
    std::string out(room + 1, '\x7f');
    size_t size = write_webhook_record(webhook, out.data());
    EXPECT_LE(size, room);
    EXPECT_EQ(out[room], '\x7f');
    return out.substr(0, size);
}

ParsedWebhook parsed(const std::string& json) {
    ParsedWebhook webhook;
    std::string reason;
    EXPECT_TRUE(parse_webhook(json, webhook, reason)) << reason << json;
    EXPECT_EQ(reason, "");
    return webhook;
}

std::string refusal(const std::string& json, ParsedWebhook* seen = nullptr) {
    ParsedWebhook webhook;
    std::string reason;
    EXPECT_FALSE(parse_webhook(json, webhook, reason)) << json;
    if (seen != nullptr)
        *seen = webhook;
    return reason;
}

std::string refusal_with(const char* name, const nlohmann::json& value) {
    nlohmann::json json = kSmallest;
    json[name] = value;
    return refusal(json.dump());
}

WebhookRecord smallest() {
    WebhookRecord webhook;
    webhook.id = kId;
    webhook.ts_ms = 1'732'104'000'123;
    webhook.provider = "razorpay";
    return webhook;
}

TEST(WebhookRecord, LeavesOutWhatIsEmpty) {
    EXPECT_EQ(written(smallest()),
              R"({"v":1,"id":"01934971-927b-7898-afeb-6e96738fe9ca","ts":1732104000123,)"
              R"("provider":"razorpay","verdict":"accepted","trust":"unverified"})");
}

TEST(WebhookRecord, ComesBackAsItWent) {
    std::vector<WebhookHeader> headers = {{"X-Razorpay-Signature", "ab\"c"}, {"x-\xc3\x84", "\\"}};
    Members fields = {{"click", "Id"}, {"amount", "1.5"}};
    std::string body("\0\xff{\"a\":1}\n", 10);
    WebhookRecord webhook = smallest();
    webhook.location = "/webhooks/razorpay";
    webhook.remote = "2001:db8::1";
    webhook.method = "POST";
    webhook.query = "a=1&b=%20";
    webhook.verdict = WebhookVerdict::stale;
    webhook.trust = WebhookTrust::body_signed;
    webhook.reason = "signed at a time outside the tolerance";
    webhook.headers = headers;
    webhook.fields = fields;
    webhook.body = body;
    webhook.edge = "edge-1";
    webhook.segment = kSegment;
    webhook.seq = 41;
    webhook.request_id = "0123456789abcdef";
    EXPECT_NE(written(webhook).find(R"("headers":{"x-razorpay-signature":"ab\"c")"),
              std::string::npos);
    ParsedWebhook back = parsed(written(webhook));
    EXPECT_EQ(back.id, kId);
    EXPECT_EQ(back.ts_ms, 1'732'104'000'123u);
    EXPECT_EQ(back.provider, "razorpay");
    EXPECT_EQ(back.location, "/webhooks/razorpay");
    EXPECT_EQ(back.remote, "2001:db8::1");
    EXPECT_EQ(back.method, "POST");
    EXPECT_EQ(back.query, "a=1&b=%20");
    EXPECT_EQ(back.verdict, "stale");
    EXPECT_EQ(back.trust, "body-signed");
    EXPECT_EQ(back.reason, "signed at a time outside the tolerance");
    EXPECT_EQ(back.headers,
              (Members{{"x-razorpay-signature", "ab\"c"}, {"x-\xc3\x84", "\\"}}));
    EXPECT_EQ(back.fields, fields);
    EXPECT_EQ(back.body, body);
    EXPECT_EQ(back.edge, "edge-1");
    EXPECT_EQ(back.segment, *parse_uuid(kSegment));
    EXPECT_EQ(back.seq, 41u);
    EXPECT_EQ(back.request_id, "0123456789abcdef");
}

TEST(WebhookRecord, CarriesBodiesOfEachLength) {
    std::string body;
    for (int size = 0; size < 300; ++size) {
        WebhookRecord webhook = smallest();
        webhook.body = body;
        ASSERT_EQ(parsed(written(webhook)).body, body);
        body += static_cast<char>(size * 37);
    }
    body.assign(1 << 20, '\xfe');
    WebhookRecord webhook = smallest();
    webhook.body = body;
    EXPECT_EQ(parsed(written(webhook)).body, body);
}

TEST(WebhookRecord, FitsIntoItsRoomWhateverAStrangerSent) {
    std::string hostile(1000, '\x01');
    std::vector<WebhookHeader> headers(50, {hostile, hostile});
    Members fields(50, {hostile, hostile});
    WebhookRecord webhook = smallest();
    webhook.provider = webhook.location = webhook.remote = webhook.method = webhook.query =
        webhook.reason = webhook.edge = webhook.request_id = webhook.body = hostile;
    webhook.headers = headers;
    webhook.fields = fields;
    webhook.segment = kSegment;
    webhook.ts_ms = webhook.seq = INT64_MAX;
    ParsedWebhook back = parsed(written(webhook));
    EXPECT_EQ(back.query, hostile);
    EXPECT_EQ(back.headers.size(), 50u);
    EXPECT_EQ(back.fields[49].second, hostile);
}

TEST(WebhookRecord, ReplacesWhatPostgresqlCannotStore) {
    WebhookRecord webhook = smallest();
    webhook.query = std::string_view("a\0b\xff", 4);
    ParsedWebhook back = parsed(written(webhook));
    EXPECT_EQ(back.query, "a\xef\xbf\xbd"
                          "b\xef\xbf\xbd");
    nlohmann::json json = kSmallest;
    json["query"] = std::string("a\0b", 3);
    json["headers"] = {{std::string("n\0", 2), std::string("\0v", 2)}};
    back = parsed(json.dump());
    EXPECT_EQ(back.query, "a\xef\xbf\xbd"
                          "b");
    EXPECT_EQ(back.headers, (Members{{"n\xef\xbf\xbd", "\xef\xbf\xbdv"}}));
}

TEST(WebhookRecord, NeedsItsMembers) {
    for (const char* name : {"v", "id", "ts", "provider", "verdict"}) {
        nlohmann::json json = kSmallest;
        json.erase(name);
        EXPECT_EQ(refusal(json.dump()), std::string(name) + " is missing");
    }
    EXPECT_EQ(refusal_with("v", 2), "v is not 1");
    EXPECT_EQ(refusal_with("id", "0190a6f2-1c3d-4abc-8def-0123456789ab"),
              "id is not a version 7 uuid");
    EXPECT_EQ(refusal_with("id", "x"), "id is not a uuid");
    EXPECT_EQ(refusal_with("ts", UINT64_MAX), "ts is out of range");
    EXPECT_EQ(refusal_with("seg", kSegment), "seg and seq do not come together");
    EXPECT_EQ(refusal_with("body", "not base64"), "body is not base64");
}

TEST(WebhookRecord, RefusesOtherTypesByName) {
    const nlohmann::json values[] = {1,    -1,   1.5,
                                     true, nullptr, nlohmann::json::array(),
                                     "text", nlohmann::json::object()};
    for (const char* name :
         {"v", "id", "ts", "provider", "location", "remote", "method", "query", "verdict", "trust",
          "reason", "headers", "fields", "body", "edge", "seg", "seq", "rid"}) {
        for (const nlohmann::json& value : values) {
            std::string_view key(name);
            bool number = key == "v" || key == "ts" || key == "seq";
            bool members = key == "headers" || key == "fields";
            if ((number && value.is_number_unsigned()) || (number && value == 1) ||
                (members && value.is_object()) || (!number && !members && value.is_string())) {
                continue;
            }
            EXPECT_EQ(refusal_with(name, value),
                      std::string(name) + " has another type than expected")
                << value;
        }
    }
    EXPECT_EQ(refusal_with("headers", {{"a", 1}}), "headers has another type than expected");
    EXPECT_EQ(refusal_with("fields", {{"a", {{"b", "c"}}}}), "fields has another type than expected");
    nlohmann::json unknown = kSmallest;
    unknown["later"] = {{"a", {1, "x", {{"provider", "y"}}}}};
    EXPECT_EQ(parsed(unknown.dump()).provider, "razorpay");
}

TEST(WebhookRecord, KeepsSegmentAndNumberOfWhatItRefuses) {
    nlohmann::json json = kSmallest;
    json["body"] = "!";
    json["seg"] = kSegment;
    json["seq"] = 7;
    ParsedWebhook seen;
    EXPECT_EQ(refusal(json.dump(), &seen), "body is not base64");
    EXPECT_EQ(seen.segment, *parse_uuid(kSegment));
    EXPECT_EQ(seen.seq, 7u);
}

TEST(WebhookRecord, RefusesWhatIsNoObject) {
    for (const char* text : {"[]", "1", "\"x\"", "null", "[{}]"})
        EXPECT_EQ(refusal(text), "not a json object") << text;
    for (const char* text : {"", "{", "{}{}", "\xff"})
        EXPECT_EQ(refusal(text).rfind("not valid json at byte ", 0), 0u) << text;
    std::string deep = R"({"later":)" + std::string(1 << 20, '[');
    EXPECT_EQ(refusal(deep).rfind("not valid json at byte ", 0), 0u);
}

}  // namespace
}  // namespace coupon
