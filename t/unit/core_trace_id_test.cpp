#include "core/trace_id.hpp"

#include <gtest/gtest.h>

#include <string>

namespace coupon {
namespace {

constexpr std::string_view kId = "4bf92f3577b34da6a3ce929d0e0e4736";

std::string traceparent(std::string_view version, std::string_view id = kId,
                        std::string_view parent = "00f067aa0ba902b7", std::string_view flags = "01") {
    return std::string(version) + "-" + std::string(id) + "-" + std::string(parent) + "-" +
           std::string(flags);
}

TEST(TraceId, IsFoundInAValidHeader) {
    const auto header = traceparent("00");
    EXPECT_EQ(find_trace_id(header), kId);
    EXPECT_EQ(find_trace_id(header).data(), header.data() + 3);
    EXPECT_EQ(find_trace_id(traceparent("00", kId, "0000000000000001", "00")), kId);
    EXPECT_EQ(find_trace_id(traceparent("00", kId, "00f067aa0ba902b7", "ff")), kId);
}

TEST(TraceId, LaterVersionsMayGoOn) {
    EXPECT_EQ(find_trace_id(traceparent("01")), kId);
    EXPECT_EQ(find_trace_id(traceparent("fe") + "-what-comes-later"), kId);
    EXPECT_EQ(find_trace_id(traceparent("01") + "-"), kId);
    EXPECT_EQ(find_trace_id(traceparent("01") + "."), "");
    EXPECT_EQ(find_trace_id(traceparent("01") + "0"), "");
}

TEST(TraceId, WhatTheSpecificationRefuses) {
    EXPECT_EQ(find_trace_id(""), "");
    EXPECT_EQ(find_trace_id(kId), "");
    EXPECT_EQ(find_trace_id(traceparent("ff")), "");
    EXPECT_EQ(find_trace_id(traceparent("0")), "");
    EXPECT_EQ(find_trace_id(traceparent("0g")), "");
    EXPECT_EQ(find_trace_id(traceparent("FE")), "");
    EXPECT_EQ(find_trace_id(traceparent("00") + "-more"), "");
    EXPECT_EQ(find_trace_id(traceparent("00") + " "), "");
    EXPECT_EQ(find_trace_id(" " + traceparent("00")), "");
    EXPECT_EQ(find_trace_id(traceparent("00", std::string(32, '0'))), "");
    EXPECT_EQ(find_trace_id(traceparent("00", kId, std::string(16, '0'))), "");
    EXPECT_EQ(find_trace_id(traceparent("00", "4BF92F3577B34DA6A3CE929D0E0E4736")), "");
    EXPECT_EQ(find_trace_id(traceparent("00", kId, "00F067AA0BA902B7")), "");
    EXPECT_EQ(find_trace_id(traceparent("00", kId, "00f067aa0ba902b7", "0A")), "");
    EXPECT_EQ(find_trace_id(traceparent("00", kId, "00f067aa0ba902b7", "1")), "");
    EXPECT_EQ(find_trace_id(traceparent("00", kId.substr(1))), "");
    EXPECT_EQ(find_trace_id(traceparent("00", kId, "00f067aa0ba902b")), "");
}

// Each byte of a valid header in turn is another one.
TEST(TraceId, EveryByteCounts) {
    const auto good = traceparent("00");
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const char other : {'g', 'A', '/', ':', '`', '\0', '\x80', '_'}) {
            auto bad = good;
            bad[at] = other;
            EXPECT_EQ(find_trace_id(bad), "") << "byte " << at << " as " << static_cast<int>(other);
        }
        EXPECT_EQ(find_trace_id(std::string_view(good).substr(0, at)), "") << "cut at " << at;
    }
}

TEST(TraceId, OfWhatItIsMade) {
    EXPECT_TRUE(is_trace_id(kId));
    EXPECT_FALSE(is_trace_id(std::string(32, '0')));
    EXPECT_FALSE(is_trace_id(kId.substr(1)));
    EXPECT_FALSE(is_trace_id(std::string(kId) + "0"));
    EXPECT_FALSE(is_trace_id("4BF92F3577B34DA6A3CE929D0E0E4736"));
    EXPECT_FALSE(is_trace_id("4bf92f35-77b3-4da6-a3ce-929d0e0e47"));
}

}  // namespace
}  // namespace coupon
