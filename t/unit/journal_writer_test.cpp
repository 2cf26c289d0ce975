#include "journal/writer.hpp"

#include <gtest/gtest.h>

#include "journal_support.hpp"

namespace coupon {
namespace {

using namespace test;

class JournalWriterTest : public ::testing::Test {
  protected:
    uint64_t unjournaled() const {
        return lane_.map->view(lane_.store->writer_slot())->counts.unjournaled;
    }

    TemporaryFolder folder_;
    Lane lane_{small_options(folder_.path(), 16)};
    JournalWriter& writer_ = lane_.writer;
};

TEST_F(JournalWriterTest, WithoutASegmentNothingIsReservedAndThatIsCounted) {
    EXPECT_EQ(writer_.reserve(10), nullptr);
    writer_.count_unjournaled();
    EXPECT_EQ(unjournaled(), 1u);
    lane_.prepare();
    EXPECT_NE(writer_.reserve(10), nullptr);
}

TEST_F(JournalWriterTest, RecordsAreNumberedAndNamedAfterTheirSegment) {
    lane_.prepare();
    for (uint32_t seq = 0; seq < 10; ++seq) {
        char* room = writer_.reserve(100);
        ASSERT_NE(room, nullptr);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(room) % 8, 0u);
        EXPECT_EQ(writer_.next_seq(), seq);
        EXPECT_EQ(std::string(writer_.segment_text(), 36), to_string(writer_.segment()));
        std::memcpy(room, "x", 1);
        RecordRef record = writer_.commit(1 + seq);
        EXPECT_TRUE(record);
        EXPECT_EQ(record.seq, seq);
        EXPECT_EQ(record.commit_number, seq + 1);
    }
    EXPECT_FALSE(RecordRef{});
    EXPECT_EQ(lane_.map->view(*lane_.map->find(writer_.segment()))->records, 10u);
}

TEST_F(JournalWriterTest, ReserveWithoutCommitLeavesNothing) {
    lane_.prepare();
    ASSERT_TRUE(append(writer_, "one"));
    std::memset(writer_.reserve(5000), 'x', 5000);
    ASSERT_TRUE(append(writer_, "two"));
    EXPECT_EQ(writer_.next_seq(), 2u);
    EXPECT_EQ(lane_.delivery.segments().back().payload(1), "two");
}

TEST_F(JournalWriterTest, FillsASegmentToTheLastByteAndSealsIt) {
    lane_.prepare();
    lane_.prepare();
    EXPECT_FALSE(writer_.wants_spare());
    size_t room = kSmallSegment_bytes - kSegmentHeader_bytes;
    ASSERT_TRUE(append(writer_, std::string(room - 2 * kRecordHeader_bytes - 8, 'x')));
    EXPECT_TRUE(writer_.wants_spare());
    Uuid first = writer_.segment();
    ASSERT_TRUE(append(writer_, "12345678"));
    EXPECT_EQ(writer_.segment(), first);
    ASSERT_TRUE(append(writer_, "1"));
    EXPECT_NE(writer_.segment(), first);
    EXPECT_EQ(lane_.map->view(*lane_.map->find(first))->counts.sealed, 2u);
    EXPECT_EQ(lane_.delivery.segments().front().file->header().sealed.load(), 2u);
    EXPECT_EQ(lane_.delivery.segments().size(), 2u);
}

TEST_F(JournalWriterTest, FullSegmentIsSealedWithoutASpare) {
    lane_.prepare();
    while (append(writer_, std::string(1000, 'x'))) {
    }
    const DeliverySegment& segment = lane_.delivery.segments().back();
    EXPECT_TRUE(segment.sealed);
    EXPECT_EQ(segment.file->header().sealed.load(), segment.records);
    lane_.prepare();
    EXPECT_TRUE(append(writer_, "goes on"));
}

TEST_F(JournalWriterTest, RecordThatNeverFitsSealsNothing) {
    lane_.prepare();
    ASSERT_TRUE(append(writer_, "one"));
    EXPECT_EQ(writer_.reserve(kSmallSegment_bytes), nullptr);
    EXPECT_EQ(writer_.reserve(kSmallSegment_bytes - kSegmentHeader_bytes - 15), nullptr);
    EXPECT_TRUE(append(writer_, "two"));
    EXPECT_EQ(writer_.next_seq(), 2u);
    lane_.prepare();
    EXPECT_NE(writer_.reserve(kSmallSegment_bytes - kSegmentHeader_bytes - 16), nullptr);
}

TEST_F(JournalWriterTest, ServedIsCountedPerSegmentEvenAfterSealing) {
    lane_.prepare();
    char* room = writer_.reserve(3);
    std::memcpy(room, "one", 3);
    RecordRef record = writer_.commit(3);
    writer_.seal_current();
    EXPECT_TRUE(writer_.count_served(record));
    EXPECT_EQ(lane_.map->view(record.slot)->counts.served, 1u);
    EXPECT_FALSE(writer_.count_served(RecordRef{}));
}

TEST_F(JournalWriterTest, SyncCoversWhatWasCommittedBeforeItBegan) {
    lane_.prepare();
    lane_.prepare();
    append(writer_, "one");
    writer_.seal_current();
    append(writer_, "two");
    append(writer_, "three");
    SyncTicket ticket = writer_.begin_sync();
    append(writer_, "four");
    EXPECT_EQ(ticket.covers(), 3u);
    EXPECT_EQ(writer_.synced(), 0u);
    std::string error;
    ASSERT_TRUE(ticket.run(error)) << error;
    writer_.finish_sync(ticket, true);
    EXPECT_EQ(writer_.synced(), 3u);
    EXPECT_EQ(writer_.committed(), 4u);
    SyncTicket next = writer_.begin_sync();
    EXPECT_EQ(next.covers(), 4u);
    EXPECT_TRUE(next.run(error));
    writer_.finish_sync(next, true);
    EXPECT_EQ(writer_.synced(), 4u);
    EXPECT_TRUE(writer_.begin_sync().run(error));  // nothing to do
}

TEST_F(JournalWriterTest, SyncOutlivesItsSegment) {
    lane_.prepare();
    append(writer_, "one");
    writer_.seal_current();
    SyncTicket ticket = writer_.begin_sync();
    lane_.delivery.on_settled(lane_.delivery.segments().front().id(), up_to(1));
    lane_.delivery.tick({});
    std::string error;
    auto retired = lane_.delivery.take_retired();
    ASSERT_TRUE(retired);
    ASSERT_TRUE(lane_.store->retire(retired->identity().id, retired->slot(), true, error));
    retired.reset();
    EXPECT_TRUE(ticket.run(error)) << error;
    writer_.finish_sync(ticket, true);
    EXPECT_EQ(writer_.synced(), 1u);
}

TEST_F(JournalWriterTest, FailedSyncLeavesTheSegment) {
    lane_.prepare();
    append(writer_, "one");
    SyncTicket ticket = writer_.begin_sync();
    Uuid left = writer_.segment();
    writer_.finish_sync(ticket, false);
    EXPECT_EQ(writer_.synced(), 0u);
    EXPECT_TRUE(lane_.delivery.segments().back().sealed);
    lane_.prepare();
    append(writer_, "two");
    EXPECT_NE(writer_.segment(), left);
}

TEST_F(JournalWriterTest, UnsyncedSegmentsStayMapped) {
    Delivery delivery(*lane_.map, true);
    JournalWriter writer(*lane_.map, lane_.store->writer_slot(), delivery);
    for (int at = 0; at < 12; ++at) {
        writer.give_spare(lane_.store->prepare().segment);
        append(writer, "one");
        writer.seal_current();
    }
    delivery.tick({});
    EXPECT_TRUE(delivery.take_discarded().empty());
    SyncTicket ticket = writer.begin_sync();
    std::string error;
    ASSERT_TRUE(ticket.run(error));
    writer.finish_sync(ticket, true);
    delivery.tick({});
    EXPECT_EQ(delivery.take_discarded().bodies.size(), 4u);
}

}  // namespace
}  // namespace coupon
