// From claimed entries to COPY rows, rejects and settled places; and the audit's arithmetic.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "clicks/click_batch.hpp"
#include "clicks/copy_row.hpp"
#include "runtime/storable_text.hpp"
#include "couponctl/click_account.hpp"
#include "couponctl/duration.hpp"
#include "operations/entry_time.hpp"

namespace coupon {
namespace {

using namespace std::string_literals;

constexpr const char* id = "0190a4c8-5b7e-7c3a-9c3f-2f1e6d5c4b3a";
constexpr const char* segment = "7b6f1c1e-3f0a-4f43-9d0c-8a4d1e2f3a4b";

redisReply* text_reply(const std::string& text) {
    auto* reply = static_cast<redisReply*>(std::calloc(1, sizeof(redisReply)));
    reply->type = REDIS_REPLY_STRING;
    reply->len = text.size();
    reply->str = static_cast<char*>(std::malloc(text.size() + 1));
    std::memcpy(reply->str, text.c_str(), text.size() + 1);
    return reply;
}

// As hiredis would have made it: freeReplyObject takes it apart.
RedisReply array_reply(const std::vector<std::string>& entries) {
    auto* reply = static_cast<redisReply*>(std::calloc(1, sizeof(redisReply)));
    reply->type = REDIS_REPLY_ARRAY;
    reply->elements = entries.size();
    reply->element = static_cast<redisReply**>(std::calloc(entries.size(), sizeof(redisReply*)));
    for (std::size_t i = 0; i < entries.size(); ++i) {
        reply->element[i] = text_reply(entries[i]);
    }
    return RedisReply(reply);
}

std::string click(const std::string& seq = "5", const std::string& more = "") {
    return R"({"v":1,"id":")"s + id + R"(","ts":1,"offer":7,"edge":"e1","rid":"r1","seg":")" +
           segment + R"(","seq":)" + seq + more + "}";
}

TEST(CopyRowTest, WritesWhatTheReceiveFunctionsTake) {
    std::string out;
    CopyRow row(out);
    row.begin(3);
    row.bigint(-2);
    row.null();
    row.text("ab");
    EXPECT_EQ(out, "\0\3\0\0\0\10\377\377\377\377\377\377\377\376\377\377\377\377\0\0\0\2ab"s);
    out.clear();
    row.timestamp_ms(946'684'800'001);
    EXPECT_EQ(out, "\0\0\0\10\0\0\0\0\0\0\3\350"s);
    out.clear();
    row.inet("192.0.2.1");
    EXPECT_EQ(out, "\0\0\0\10\2\40\0\4\300\0\2\1"s);
    out.clear();
    row.inet("::1");
    EXPECT_EQ(out, "\0\0\0\24\3\200\0\20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"s);
    out.clear();
    row.inet("no address");
    EXPECT_EQ(out, "\377\377\377\377"s);
    out.clear();
    row.text_array({});
    EXPECT_EQ(out, "\0\0\0\14\0\0\0\0\0\0\0\0\0\0\0\31"s);
    out.clear();
    const std::vector<std::string> flags{"bot"};
    row.text_array(flags);
    EXPECT_EQ(out, "\0\0\0\33\0\0\0\1\0\0\0\0\0\0\0\31\0\0\0\1\0\0\0\1\0\0\0\3bot"s);
}

TEST(ClickBatchTest, GoodAndBadEntriesPartWays) {
    const ClickBatch batch(array_reply(
        {click("5"), "not json", click("6"), "", "{}", click("7", R"(,"ip":"10.0.0.1")")}));
    EXPECT_EQ(batch.size(), 6U);
    ASSERT_EQ(batch.rows().size(), 3U);
    ASSERT_EQ(batch.rejects().size(), 3U);
    EXPECT_EQ(batch.rows()[0].place->seq, 5U);
    EXPECT_EQ(to_string(batch.rows()[2].place->segment), segment);
    EXPECT_EQ(batch.rows()[2].entry, 5U);
    EXPECT_FALSE(batch.rejects()[0].place);
    EXPECT_FALSE(batch.rejects()[0].reason.empty());
    EXPECT_EQ(batch.entry(1), "not json");
}

TEST(ClickBatchTest, AnyRangeOfRowsIsOnePieceOfCopyData) {
    const ClickBatch batch(array_reply({click("1"), click("2"), click("3")}));
    const auto all = batch.copy_rows(0, 3);
    EXPECT_EQ(std::string(batch.copy_rows(0, 1)) + std::string(batch.copy_rows(1, 3)), all);
    EXPECT_TRUE(batch.copy_rows(2, 2).empty());
    EXPECT_EQ(all.substr(0, 2), "\0\17"s);  // 15 columns
}

TEST(ClickBatchTest, ARejectThatTellsItsPlaceSettlesIt) {
    const ClickBatch batch(array_reply({click("9", R"(,"user":"x")")}));
    ASSERT_EQ(batch.rejects().size(), 1U);
    const auto& reject = batch.rejects()[0];
    ASSERT_TRUE(reject.place);
    EXPECT_EQ(reject.place->seq, 9U);
    EXPECT_EQ(to_string(*reject.click_id), id);
    EXPECT_EQ(reject.request_id, "r1");
}

TEST(ClickBatchTest, ANumberNoJournalMakesIsNoPlace) {
    const ClickBatch batch(array_reply(
        {click("4294967295"), click("4294967296"), click("9223372036854775807"), click("1e99")}));
    EXPECT_EQ(batch.rows().size(), 1U);
    ASSERT_EQ(batch.rejects().size(), 3U);
    for (const auto& reject : batch.rejects()) {
        EXPECT_FALSE(reject.place) << reject.reason;
    }
}

TEST(ClickBatchTest, AnEntryFarTooLongIsNotEvenParsed) {
    const ClickBatch batch(
        array_reply({click("1", R"(,"x":")" + std::string(70'000, 'x') + "\"")}));
    ASSERT_EQ(batch.rejects().size(), 1U);
    EXPECT_NE(batch.rejects()[0].reason.find("longer"), std::string::npos);
}

TEST(ClickBatchTest, ARefusedRowBecomesARejectWithItsRequest) {
    const ClickBatch batch(array_reply({click("3")}));
    const auto reject = batch.rejected(batch.rows()[0], "why");
    EXPECT_EQ(reject.reason, "why");
    EXPECT_EQ(reject.request_id, "r1");
    EXPECT_EQ(reject.place->seq, 3U);
}

TEST(StorableText, IsAsciiAndBounded) {
    EXPECT_EQ(storable_text("a\tb\n"), "a\tb\n");
    EXPECT_EQ(storable_text("\0\x7f\xc3\xa9"s), R"(\x00\x7f\xc3\xa9)");
    EXPECT_EQ(storable_text(std::string(20'000, 'x')).size(), 16U * 1024);
}

ClickAccount account(std::uint64_t served, std::uint64_t stored, std::uint64_t settled) {
    ClickAccount result;
    result.in_table = true;
    result.served = served;
    result.stored = stored;
    result.rows = stored;
    result.settled.add(0, settled);
    return result;
}

TEST(ClickAccountTest, NothingIsMissingWhenAllIsSettledOrStillInTheJournal) {
    EXPECT_EQ(account(10, 10, 10).missing(), 0U);
    auto waiting = account(10, 4, 4);
    EXPECT_EQ(waiting.missing(), 6U);
    waiting.journaled.add(2, 10);
    EXPECT_EQ(waiting.pending(), 6U);
    EXPECT_EQ(waiting.missing(), 0U);
}

TEST(ClickAccountTest, ARecordNeverServedDoesNotHideADeletedRow) {
    // Eleven were journaled and settled, one of them never served; then one row was deleted.
    EXPECT_EQ(account(10, 10, 11).missing(), 1U);
}

TEST(ClickAccountTest, ARecordNeverServedDoesNotHideAnUnreadableOne) {
    ClickAccount one = account(9, 9, 9);
    one.written = 10;
    EXPECT_EQ(one.missing(), 0u);
    EXPECT_EQ(one.unreadable(), 1u);
    one.journaled.add(9, 10);
    EXPECT_EQ(one.unreadable(), 0u);
}

TEST(ClickAccountTest, RejectsCountAsKeptAndDoubledRowsDoNot) {
    auto rejected = account(10, 8, 10);
    rejected.rejected = 2;
    EXPECT_EQ(rejected.missing(), 0U);
    auto doubled = account(10, 9, 10);
    doubled.rows = 10;
    EXPECT_EQ(doubled.missing(), 1U);
    EXPECT_EQ(doubled.doubled(), 1U);
}

TEST(ClickAccountTest, RowsOfASegmentWithoutARowOfItsOwnAreUnaccounted) {
    auto orphan = account(0, 5, 0);
    orphan.in_table = false;
    EXPECT_EQ(orphan.unaccounted(), 5U);
    EXPECT_EQ(orphan.missing(), 0U);
}

TEST(DurationText, ShowsTheTwoLargestUnits) {
    EXPECT_EQ(duration_text(-5), "0ms");
    EXPECT_EQ(duration_text(850), "850ms");
    EXPECT_EQ(duration_text(12'900), "12s");
    EXPECT_EQ(duration_text(192'000), "3m12s");
    EXPECT_EQ(duration_text((5 * 60 + 7) * 60'000), "5h07m");
    EXPECT_EQ(duration_text(52LL * 3'600'000), "2d04h");
}

TEST(QueueEntryTime, AnyNumberMayStandInAnEntry) {
    EXPECT_EQ(entry_ms(R"({"ts":1700000000000})"), 1'700'000'000'000);
    EXPECT_EQ(entry_ms(R"({"ts":0})"), 0);
    EXPECT_EQ(entry_ms(R"({"ts":9007199254740992})"), std::int64_t{1} << 53);
    EXPECT_EQ(entry_ms(R"({"enqueued_at":1700000000.25})"), 1'700'000'000'250);
    for (const auto* entry :
         {"", "7", "{}", R"({"ts":1e300})", R"({"ts":-1})", R"({"ts":9007199254740993})",
          R"({"ts":18446744073709551615})", R"({"ts":"1"})", R"({"ts":1.5})",
          R"({"enqueued_at":1e300})", R"({"enqueued_at":-1})", R"({"enqueued_at":"now"})"}) {
        EXPECT_FALSE(entry_ms(entry)) << entry;
    }
}

}  // namespace
}  // namespace coupon
