#include "core/multirange.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace coupon {
namespace {

TEST(SeqRanges, ReadsAndWritesPostgresText) {
    for (const char* text :
         {"{}", "{[0,5)}", "{[0,5),[7,9)}", "{[9223372036854775806,9223372036854775807)}"}) {
        auto ranges = SeqRanges::parse(text);
        ASSERT_TRUE(ranges) << text;
        EXPECT_EQ(ranges->to_text(), text);
    }
}

TEST(SeqRanges, ReadsUnsortedTextAsASet) {
    EXPECT_EQ(SeqRanges::parse("{[7,9),[0,5),[4,7)}")->to_text(), "{[0,9)}");
}

TEST(SeqRanges, RefusesOtherText) {
    for (const char* bad : {"",
                            "{",
                            "}",
                            "{[0,5)",
                            "{[0,5)}x",
                            "{[0,5),}",
                            "{,[0,5)}",
                            "{[0,5]}",
                            "{(0,5)}",
                            "{[5,5)}",
                            "{[5,4)}",
                            "{[-1,5)}",
                            "{[,5)}",
                            "{[0,)}",
                            "{[0,5) ,[7,9)}",
                            "{ }",
                            "{[0 ,5)}",
                            "{[0,9223372036854775808)}",
                            "{[99999999999999999999,5)}",
                            "{}{}",
                            "empty",
                            "{[0,5),[7,9)"}) {
        EXPECT_FALSE(SeqRanges::parse(bad)) << bad;
    }
}

TEST(SeqRanges, MeltsWhatTouches) {
    SeqRanges ranges;
    ranges.add(0, 5);
    ranges.add(7, 9);
    EXPECT_EQ(ranges.ranges().size(), 2u);
    ranges.add(5, 7);
    EXPECT_EQ(ranges.to_text(), "{[0,9)}");
    ranges.add(3, 3);
    ranges.add(9, 3);
    EXPECT_EQ(ranges.to_text(), "{[0,9)}");
    ranges.add(20, 30);
    ranges.add(11, 12);
    ranges.add(1, 25);
    EXPECT_EQ(ranges.to_text(), "{[0,30)}");
    EXPECT_EQ(ranges.count(), 30u);
}

TEST(SeqRanges, TellsWhatItCoversAndLacks) {
    SeqRanges ranges = *SeqRanges::parse("{[2,5),[7,9)}");
    EXPECT_FALSE(ranges.contains(1));
    EXPECT_TRUE(ranges.contains(2));
    EXPECT_TRUE(ranges.contains(4));
    EXPECT_FALSE(ranges.contains(5));
    EXPECT_FALSE(ranges.contains(UINT64_MAX));
    EXPECT_TRUE(ranges.covers(2, 5));
    EXPECT_FALSE(ranges.covers(2, 6));
    EXPECT_FALSE(ranges.covers(0, 5));
    EXPECT_TRUE(ranges.covers(5, 5));
    EXPECT_EQ(ranges.gaps(0, 10), (std::vector<SeqRange>{{0, 2}, {5, 7}, {9, 10}}));
    EXPECT_EQ(ranges.gaps(3, 8), (std::vector<SeqRange>{{5, 7}}));
    EXPECT_TRUE(ranges.gaps(2, 5).empty());
    EXPECT_TRUE(ranges.gaps(6, 6).empty());
    EXPECT_EQ(SeqRanges().gaps(0, 3), (std::vector<SeqRange>{{0, 3}}));
}

TEST(SeqRanges, AgreesWithASetOfNumbers) {
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
        SeqRanges ranges;
        std::set<uint64_t> model;
        for (int step = 0; step < 40; ++step) {
            uint64_t begin = random() % 100;
            uint64_t end = begin + random() % 8;
            ranges.add(begin, end);
            for (uint64_t seq = begin; seq < end; ++seq)
                model.insert(seq);
        }
        uint64_t before = 0;
        for (const SeqRange& range : ranges.ranges()) {
            ASSERT_LT(range.begin, range.end);
            ASSERT_TRUE(before == 0 || range.begin > before);
            before = range.end;
        }
        for (uint64_t seq = 0; seq < 120; ++seq)
            ASSERT_EQ(ranges.contains(seq), model.contains(seq));
        ASSERT_EQ(ranges.count(), model.size());
        SeqRanges filled = ranges;
        for (const SeqRange& gap : ranges.gaps(0, 120))
            filled.add(gap.begin, gap.end);
        ASSERT_TRUE(filled.covers(0, 120));
        ASSERT_EQ(SeqRanges::parse(ranges.to_text()), ranges);
    }
}

}  // namespace
}  // namespace coupon
