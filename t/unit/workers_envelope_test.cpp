// Envelopes as producers push them: what is read of them, and what is said of those that are none.
#include <gtest/gtest.h>

#include "core/uuid.hpp"
#include "runtime/envelope.hpp"

namespace coupon {
namespace {

// The smallest envelope, with more members.
std::string entry_with(const std::string& members) {
    return R"({"id":"e1","type":"otp","to":"ada@example.com",)" + members + "}";
}

std::string error_of(const std::string& entry) {
    return parse_envelope(entry, true).error;
}

TEST(Envelope, IsReadWhole) {
    const auto envelope = parse_envelope(
        R"({"id":"e1","type":"otp","to":"ada@example.com","idempotency_key":"k1","attempts":2,)"
        R"("enqueued_at":1700000000,"correlation_id":"c1","scheduled_at":"2023-11-15T10:00:00+05:30",)"
        R"("more":{"to":"x"},"data":{"otp":"123456"}})",
        true);
    EXPECT_EQ(envelope.error, "");
    EXPECT_EQ(envelope.id, "e1");
    EXPECT_EQ(envelope.type, "otp");
    EXPECT_EQ(envelope.to, "ada@example.com");
    EXPECT_EQ(envelope.idempotency_key, "k1");
    EXPECT_EQ(envelope.attempts, 2);
    EXPECT_EQ(envelope.enqueued_ms, 1'700'000'000'000);
    EXPECT_EQ(envelope.correlation_id, "c1");
    EXPECT_EQ(envelope.scheduled_ms, 1'700'022'600'000);
    EXPECT_EQ(envelope.data, R"({"otp":"123456"})");
}

TEST(Envelope, NeedsOnlyTypeAndRecipient) {
    const auto envelope = parse_envelope(R"({"type":"welcome","to":"a@b.c"})", true);
    EXPECT_EQ(envelope.error, "");
    EXPECT_EQ(envelope.data, "{}");
    EXPECT_FALSE(envelope.idempotency_key);
    EXPECT_FALSE(envelope.enqueued_ms);
    EXPECT_FALSE(envelope.scheduled_ms);
    EXPECT_TRUE(parse_uuid(envelope.id)) << envelope.id;
    EXPECT_EQ(envelope.correlation_id, envelope.id);
    EXPECT_EQ(parse_envelope(R"({"type":"run"})", false).error, "");
}

TEST(Envelope, WithoutAnIdTheSameEntryHasTheSame) {
    const std::string entry = R"({"type":"welcome","to":"a@b.c","id":null})";
    EXPECT_EQ(parse_envelope(entry, true).id, parse_envelope(entry, true).id);
    EXPECT_NE(parse_envelope(entry, true).id, parse_envelope(entry + " ", true).id);
}

TEST(Envelope, NumbersMayStandForTexts) {
    const auto envelope = parse_envelope(
        R"({"id":42,"type":"otp","to":919876543210,"idempotency_key":7,"correlation_id":9})", true);
    EXPECT_EQ(envelope.error, "");
    EXPECT_EQ(envelope.id, "42");
    EXPECT_EQ(envelope.to, "919876543210");
    EXPECT_EQ(envelope.idempotency_key, "7");
    EXPECT_EQ(envelope.correlation_id, "9");
}

TEST(Envelope, DataStaysAsItWasWritten) {
    for (const std::string data :
         {R"({})", R"({"amount":170.10,"big":123456789012345678901234567890,"small":-1E-7})",
          R"({"a":[1,[2,{"b":null}],[],{}],"c":{"d":{"e":true}},"f":false})",
          R"({"name":"Ad\u00e8le \"A\" \\ \n","":"","a:":"{"})"}) {
        const auto envelope = parse_envelope(entry_with("\"data\":" + data), true);
        EXPECT_EQ(envelope.error, "");
        // Escapes may be written in another way.
        if (data.find('\\') == std::string::npos) {
            EXPECT_EQ(envelope.data, data);
        } else {
            EXPECT_EQ(envelope.data,
                      "{\"name\":\"Ad\xc3\xa8le \\\"A\\\" \\\\ \\n\",\"\":\"\",\"a:\":\"{\"}");
        }
    }
    EXPECT_EQ(parse_envelope(entry_with(R"("data":null)"), true).data, "{}");
    EXPECT_EQ(parse_envelope(entry_with(R"("data":{"a":1},"data":{"b":[2]})"), true).data,
              R"({"b":[2]})");
}

TEST(Envelope, OddTrifles) {
    EXPECT_EQ(parse_envelope(entry_with(R"("attempts":-1)"), true).attempts, 0);
    EXPECT_EQ(parse_envelope(entry_with(R"("attempts":99999999999999999999)"), true).attempts, 0);
    EXPECT_EQ(parse_envelope(entry_with(R"("attempts":9999999999)"), true).attempts, 1000);
    EXPECT_EQ(parse_envelope(entry_with(R"("attempts":"many")"), true).error, "");
    EXPECT_FALSE(parse_envelope(entry_with(R"("enqueued_at":"yesterday")"), true).enqueued_ms);
    EXPECT_EQ(parse_envelope(entry_with(R"("correlation_id":{"a":1})"), true).correlation_id, "e1");
    EXPECT_EQ(parse_envelope(entry_with(R"("idempotency_key":"")"), true).idempotency_key,
              std::nullopt);
}

TEST(Envelope, WhatIsNoneHasAReason) {
    EXPECT_EQ(error_of(""), "the entry is not valid JSON at byte 1");
    EXPECT_EQ(error_of("{"), "the entry is not valid JSON at byte 2");
    EXPECT_EQ(error_of("not json"), "the entry is not valid JSON at byte 2");
    EXPECT_EQ(error_of("\xff\xfe"), "the entry is not valid JSON at byte 1");
    for (const char* no_object : {"1", "null", "\"text\"", "[]", "[{}]"}) {
        EXPECT_EQ(error_of(no_object), "the entry is no JSON object") << no_object;
    }
    EXPECT_EQ(error_of("{}"), "the entry has no type");
    EXPECT_EQ(error_of(R"({"type":" ","to":"a@b.c"})"), "the entry has no type");
    EXPECT_EQ(error_of(R"({"type":"otp"})"), "the entry has no recipient (\"to\")");
    EXPECT_EQ(error_of(R"({"type":"otp","to":"\n"})"), "the entry has no recipient (\"to\")");
    EXPECT_EQ(error_of(R"({"type":["otp"],"to":"a@b.c"})"),
              "the entry has a type that is neither a text nor a whole number");
    EXPECT_EQ(error_of(R"({"type":"otp","to":{"email":"a@b.c"}})"),
              "the entry has a recipient that is neither a text nor a whole number");
    EXPECT_EQ(error_of(R"({"id":true,"type":"otp","to":"a@b.c"})"),
              "the entry has an id that is neither a text nor a whole number");
    EXPECT_EQ(error_of(entry_with(R"("data":"text")")), "the entry has data that is no object");
    EXPECT_EQ(error_of(entry_with(R"("data":[1])")), "the entry has data that is no object");
    EXPECT_EQ(error_of(entry_with(R"("scheduled_at":"soon")")),
              "the entry has a scheduled_at that is no time");
    EXPECT_EQ(error_of(entry_with("\"id\":\"" + std::string(257, 'x') + "\"")),
              "the entry has an id of more than 256 bytes");
}

TEST(Envelope, WhatPostgresqlCannotStoreHasAReason) {
    for (const char* members :
         {R"("id":"a\u0000b")", R"("data":{"a":"b\u0000"})", R"("data":{"a\u0000":1})"}) {
        EXPECT_EQ(error_of(entry_with(members)),
                  "the entry holds U+0000, which PostgreSQL does not store");
    }
    EXPECT_EQ(error_of(entry_with(R"("unused":"\u0000")")), "");
    EXPECT_EQ(error_of(entry_with(R"("data":{"a":"\ud800"})")).find("the entry is not valid JSON"),
              0U);
}

TEST(Envelope, SizeAndDepthAreBounded) {
    EXPECT_EQ(error_of(entry_with("\"data\":{\"a\":\"" + std::string(1 << 20, 'x') + "\"}")),
              "the entry has more than 1 MiB");
    const auto nested = [](int depth) {
        return entry_with("\"data\":{\"a\":" + std::string(depth, '[') + std::string(depth, ']') +
                          "}");
    };
    EXPECT_EQ(error_of(nested(62)), "");
    EXPECT_EQ(error_of(nested(63)), "the entry is nested deeper than 64");
    EXPECT_EQ(error_of(std::string(500'000, '[')), "the entry is no JSON object");
    EXPECT_EQ(error_of("{\"x\":" + std::string(500'000, '[')),
              "the entry is nested deeper than 64");
}

TEST(EnvelopeUuid, IsTheIdOrMadeOfIt) {
    EXPECT_EQ(envelope_uuid("email", "0190F0E0-7B1C-7000-8000-00000000000A"),
              "0190f0e0-7b1c-7000-8000-00000000000a");
    EXPECT_TRUE(parse_uuid(envelope_uuid("email", "42")));
    EXPECT_EQ(envelope_uuid("email", "42"), envelope_uuid("email", "42"));
    EXPECT_NE(envelope_uuid("email", "42"), envelope_uuid("sms", "42"));
    EXPECT_NE(envelope_uuid("email", "42"), envelope_uuid("email", "43"));
}

}  // namespace
}  // namespace coupon
