#include "journal/record.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "core/bytes.hpp"
#include "journal/random_uuid.hpp"

namespace coupon {
namespace {

// A segment in plain memory.
class Page {
  public:
    explicit Page(size_t bytes = 64 << 10) : bytes_(bytes, '\0') {}

    size_t write(const Uuid& segment, uint32_t seq, std::string_view payload) {
        size_t at = end_;
        char* room = bytes_.data() + at + kRecordHeader_bytes;
        std::memcpy(room, payload.data(), payload.size());
        publish_record(record_key(segment), room, static_cast<uint32_t>(payload.size()), seq);
        end_ += record_bytes(payload.size());
        return at;
    }
    void rewind() { end_ = kSegmentHeader_bytes; }

    std::string payload(uint32_t offset) const {
        return std::string(trusted_record(bytes_.data() + offset));
    }
    char* data() { return bytes_.data(); }
    size_t size() const { return bytes_.size(); }

    RecordIndex scan(const Uuid& segment, uint32_t expected = 0, uint32_t limit = UINT32_MAX) {
        return scan_records(segment, data(), size(), expected, limit);
    }

  private:
    std::string bytes_;
    size_t end_ = kSegmentHeader_bytes;
};

std::string text(uint32_t seq) {
    return "record " + std::string(seq % 50, 'x') + std::to_string(seq);
}

TEST(JournalRecord, WhatIsWrittenIsFoundInOrder) {
    Uuid id = random_uuid();
    Page page;
    for (uint32_t seq = 0; seq < 500; ++seq) {
        page.write(id, seq, text(seq));
    }
    RecordIndex index = page.scan(id);
    ASSERT_EQ(index.records(), 500u);
    for (uint32_t seq = 0; seq < 500; ++seq) {
        EXPECT_EQ(page.payload(index.offsets[seq]), text(seq));
    }
    EXPECT_TRUE(index.unreadable().empty());
}

TEST(JournalRecord, EmptyAndShortMemoryHoldsNothing) {
    Uuid id = random_uuid();
    EXPECT_EQ(scan_records(id, nullptr, 0, 0).records(), 0u);
    Page page;
    for (size_t size : {size_t{1}, kSegmentHeader_bytes, kSegmentHeader_bytes + 16}) {
        EXPECT_EQ(scan_records(id, page.data(), size, 0).records(), 0u);
    }
    EXPECT_EQ(page.scan(id, 3).unreadable().to_text(), "{[0,3)}");
}

TEST(JournalRecord, FormerLifeNeverVerifies) {
    Uuid former = random_uuid();
    Page page;
    for (uint32_t seq = 0; seq < 700; ++seq) {
        page.write(former, seq, text(seq));
    }
    // The same records of another segment: each stale one stands exactly behind the last new one.
    Uuid next = random_uuid();
    page.rewind();
    EXPECT_EQ(page.scan(next).records(), 0u);
    for (uint32_t seq = 0; seq < 300; ++seq) {
        page.write(next, seq, text(seq));
        EXPECT_EQ(page.scan(next).records(), seq + 1);
    }
    // Not even when the stale tag happens to be the same.
    Uuid twin = next;
    twin.bytes[0] ^= 1;
    EXPECT_EQ(record_key(twin).tag, record_key(next).tag);
    EXPECT_EQ(page.scan(twin).records(), 0u);
}

TEST(JournalRecord, UnpublishedRecordIsNotThere) {
    Uuid id = random_uuid();
    Page page;
    page.write(id, 0, text(0));
    size_t at = page.write(id, 1, text(1));
    store<uint32_t>(page.data() + at, 0);  // killed before the last store
    EXPECT_EQ(page.scan(id).records(), 1u);
}

TEST(JournalRecord, EveryFlippedByteIsNoticedAndCostsOneRecord) {
    Uuid id = random_uuid();
    Page page;
    size_t begin = 0;
    for (uint32_t seq = 0; seq < 20; ++seq) {
        size_t at = page.write(id, seq, text(seq));
        begin = seq == 10 ? at : begin;
    }
    size_t used = kRecordHeader_bytes + text(10).size();
    for (size_t at = begin; at < begin + used; ++at) {
        for (char bit : {'\x01', '\x80'}) {
            page.data()[at] ^= bit;
            RecordIndex index = page.scan(id);
            EXPECT_EQ(index.records(), 20u) << at - begin;
            EXPECT_EQ(index.unreadable().to_text(), "{[10,11)}") << at - begin;
            page.data()[at] ^= bit;
        }
    }
}

TEST(JournalRecord, DamageOverManyRecordsIsCountedExactly) {
    Uuid id = random_uuid();
    Page page;
    size_t from = 0;
    size_t to = 0;
    for (uint32_t seq = 0; seq < 200; ++seq) {
        size_t at = page.write(id, seq, text(seq));
        from = seq == 40 ? at : from;
        to = seq == 90 ? at : to;
    }
    std::memset(page.data() + from, 0xa5, to - from);
    EXPECT_EQ(page.scan(id).unreadable().to_text(), "{[40,90)}");
    EXPECT_EQ(page.scan(id, 200).records(), 200u);
}

TEST(JournalRecord, LostTailIsKnownFromTheExpectedCount) {
    Uuid id = random_uuid();
    Page page;
    size_t cut = 0;
    for (uint32_t seq = 0; seq < 100; ++seq) {
        size_t at = page.write(id, seq, text(seq));
        cut = seq == 70 ? at + 20 : cut;
    }
    RecordIndex index = scan_records(id, page.data(), cut, 100);
    EXPECT_EQ(index.records(), 100u);
    EXPECT_EQ(index.unreadable().to_text(), "{[70,100)}");
}

TEST(JournalRecord, LimitEndsTheScan) {
    Uuid id = random_uuid();
    Page page;
    for (uint32_t seq = 0; seq < 100; ++seq) {
        page.write(id, seq, text(seq));
    }
    EXPECT_EQ(page.scan(id, 0, 30).records(), 30u);
}

// Random damage never yields a payload that was not written under that number.
TEST(JournalRecord, RandomDamageInventsNothing) {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        Uuid id = random_uuid();
        Page page(16 << 10);
        for (uint32_t seq = 0; seq < 100; ++seq) {
            page.write(id, seq, text(seq));
        }
        for (int hit = 0; hit < 8; ++hit) {
            size_t at = kSegmentHeader_bytes + random() % (page.size() - kSegmentHeader_bytes - 64);
            size_t length = 1 + random() % 60;
            for (size_t byte = 0; byte < length; ++byte) {
                page.data()[at + byte] = static_cast<char>(random());
            }
        }
        RecordIndex index = page.scan(id, 100);
        EXPECT_EQ(index.records(), 100u);
        for (uint32_t seq = 0; seq < index.records(); ++seq) {
            if (index.offsets[seq] != 0) {
                EXPECT_EQ(page.payload(index.offsets[seq]), text(seq));
            }
        }
    }
}

}  // namespace
}  // namespace coupon
