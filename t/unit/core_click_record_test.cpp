#include "core/click_record.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/click_json.hpp"

namespace coupon {
namespace {

ClickRecord click() {
    ClickRecord record;
    record.id = *parse_uuid("01934971-927b-7898-afeb-6e96738fe9ca");
    record.ts_ms = 1732104000123;
    record.offer = 12345;
    record.merchant = 77;
    record.offer_uuid = *parse_uuid("0190a6f2-1c3d-7abc-8def-0123456789ab");
    record.user = 987;
    record.ip = "203.0.113.77";
    record.ua = "Mozilla/5.0 (X11; Linux x86_64)";
    record.ref = "https://shop.example/?q=a&b";
    record.device = Device::tablet;
    record.flags = click_flag::bot | click_flag::sig_expired;
    record.frontend_click_id = "fe-1";
    record.request_id = "0123456789abcdef0123456789abcdef";
    record.edge = "edge-1";
    record.segment = "3f0c9c2e-5b7e-4d55-9d6a-3b1d8a2f7c11";
    record.seq = 41;
    return record;
}

std::string written(const ClickRecord& record) {
    std::vector<char> room(click_record_max_bytes(record));
    return {room.data(), write_click_record(record, room.data())};
}

TEST(ClickRecord, IsTheDocumentedObject) {
    EXPECT_EQ(
        written(click()),
        R"json({"v":1,"id":"01934971-927b-7898-afeb-6e96738fe9ca","ts":1732104000123,"offer":12345,"merchant":77,)json"
        R"json("ou":"0190a6f2-1c3d-7abc-8def-0123456789ab","user":987,"ip":"203.0.113.77",)json"
        R"json("ua":"Mozilla/5.0 (X11; Linux x86_64)","ref":"https://shop.example/?q=a&b","device":"tablet",)json"
        R"json("flags":["bot","sig_expired"],"c":"fe-1","rid":"0123456789abcdef0123456789abcdef","edge":"edge-1",)json"
        R"json("seg":"3f0c9c2e-5b7e-4d55-9d6a-3b1d8a2f7c11","seq":41})json");
}

TEST(ClickRecord, LeavesOutWhatIsEmpty) {
    ClickRecord record;
    record.offer = 1;
    record.merchant = 2;
    EXPECT_EQ(
        written(record),
        R"json({"v":1,"id":"00000000-0000-0000-0000-000000000000","ts":0,"offer":1,"merchant":2,)json"
        R"json("ou":"00000000-0000-0000-0000-000000000000","device":"desktop"})json");
}

TEST(ClickRecord, TakesTheTextOfItsIdWhereThereIsOne) {
    std::string text = to_string(click().id);
    ClickRecord record = click();
    record.id_text = text.data();
    EXPECT_EQ(written(record), written(click()));
}

TEST(ClickRecord, NamesEveryDevice) {
    for (Device device : {Device::desktop, Device::mobile, Device::tablet, Device::bot}) {
        ClickRecord record = click();
        record.device = device;
        EXPECT_EQ(nlohmann::json::parse(written(record))["device"], device_name(device));
    }
}

TEST(ClickRecord, NamesEveryFlag) {
    ClickRecord record = click();
    record.flags = 0xff;
    auto json = nlohmann::json::parse(written(record));
    EXPECT_EQ(json["flags"],
              nlohmann::json::array({"bot", "head", "sig_missing", "sig_bad", "sig_expired"}));
}

TEST(ClickRecord, CutsHeadersAtOneKibibyteBetweenCharacters) {
    std::string plain(2000, 'x');
    std::string hindi = "a";
    while (hindi.size() < 16000)
        hindi += "\xe0\xa4\xb9";
    ClickRecord record = click();
    record.ua = plain;
    record.ref = hindi;
    auto json = nlohmann::json::parse(written(record));
    EXPECT_EQ(json["ua"].get<std::string>().size(), 1024u);
    EXPECT_EQ(json["ref"].get<std::string>(), hindi.substr(0, 1024));
    record.ref = std::string_view(hindi).substr(1);
    EXPECT_EQ(nlohmann::json::parse(written(record))["ref"].get<std::string>(),
              hindi.substr(1, 1023));
}

TEST(ClickRecord, TheWorstValuesFitIntoTheRoom) {
    std::string control(16000, '\x01');
    ClickRecord record = click();
    record.ts_ms = record.user = record.seq = UINT64_MAX;
    record.offer = record.merchant = INT64_MIN;
    record.ua = record.ref = record.edge = control;
    record.flags = 0xff;
    std::string id(64, '"');
    record.frontend_click_id = id;
    auto json = nlohmann::json::parse(written(record));
    EXPECT_EQ(json["ua"].get<std::string>(), control.substr(0, 1024));
    EXPECT_EQ(json["c"].get<std::string>(), id);
    EXPECT_EQ(json["offer"].get<int64_t>(), INT64_MIN);
}

TEST(ClickRecord, FrontendIdIsShortPrintableAscii) {
    for (std::string bad : {std::string(65, 'x'), std::string("a\n"), std::string("\x7f"),
                            std::string("\xc3\xa9"), std::string(1, '\0')}) {
        ClickRecord record = click();
        record.frontend_click_id = bad;
        EXPECT_FALSE(nlohmann::json::parse(written(record)).contains("c")) << bad;
    }
    EXPECT_TRUE(is_frontend_click_id(std::string(64, '~')));
    EXPECT_TRUE(is_frontend_click_id(" "));
    EXPECT_FALSE(is_frontend_click_id(""));
}

TEST(ClickRecord, WorkersReadBackWhatTheEdgeWrote) {
    ClickRecord record = click();
    record.ua = "quote \" backslash \\ control \x01 hindi \xe0\xa4\xb9 broken \xff";
    ParsedClick parsed;
    std::string reason;
    ASSERT_TRUE(parse_click(written(record), parsed, reason)) << reason;
    EXPECT_EQ(parsed.id, record.id);
    EXPECT_EQ(parsed.ts_ms, record.ts_ms);
    EXPECT_EQ(parsed.offer, record.offer);
    EXPECT_EQ(parsed.merchant, record.merchant);
    EXPECT_EQ(parsed.offer_uuid, record.offer_uuid);
    EXPECT_EQ(parsed.user, 987);
    EXPECT_EQ(parsed.ip, record.ip);
    EXPECT_EQ(parsed.ua,
              "quote \" backslash \\ control \x01 hindi \xe0\xa4\xb9 broken \xef\xbf\xbd");
    EXPECT_EQ(parsed.ref, record.ref);
    EXPECT_EQ(parsed.device, record.device);
    EXPECT_EQ(parsed.flags, (std::vector<std::string>{"bot", "sig_expired"}));
    EXPECT_EQ(parsed.frontend_click_id, record.frontend_click_id);
    EXPECT_EQ(parsed.request_id, record.request_id);
    EXPECT_EQ(parsed.edge, record.edge);
    EXPECT_EQ(to_string(*parsed.segment), record.segment);
    EXPECT_EQ(parsed.seq, record.seq);
}

}  // namespace
}  // namespace coupon
