#include "runtime/log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "core/trace_id.hpp"
#include "runtime/correlation.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";

class LogTest : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_EQ(::pipe(ends_.data()), 0); }
    void TearDown() override {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }

    nlohmann::json line(const std::string& message = "done") {
        const Log log("clicks", "clicks:host:1", LogLevel::info, ends_[1]);
        log.info(message, {{"number", std::int64_t{7}}});
        std::array<char, 4096> text{};
        const auto size = ::read(ends_[0], text.data(), text.size());
        EXPECT_EQ(text[static_cast<std::size_t>(size) - 1], '\n');
        return nlohmann::json::parse(text.data(), text.data() + size);
    }

    std::array<int, 2> ends_{};
};

TEST_F(LogTest, OneObjectALineWhateverIsSaid) {
    const auto said = line("a \"quoted\" line\nand \xff another");
    EXPECT_EQ(said["message"], "a \"quoted\" line\nand \xef\xbf\xbd another");
    EXPECT_EQ(said["number"], 7);
    EXPECT_FALSE(said.contains("correlation_id"));
}

TEST_F(LogTest, BearsTheIdsOfTheInnermostScope) {
    const CorrelationScope outer("order 17");
    {
        const CorrelationScope inner(kTrace);
        const auto said = line();
        EXPECT_EQ(said["correlation_id"], kTrace);
        EXPECT_FALSE(said.contains("trace_id"));
    }
    const auto said = line();
    EXPECT_EQ(said["correlation_id"], "order 17");
    EXPECT_EQ(said["trace_id"], trace_id_of("order 17"));
    const CorrelationScope none("");
    EXPECT_FALSE(line().contains("trace_id"));
}

TEST(Correlation, IsATraceIdWhateverItIs) {
    EXPECT_EQ(trace_id_of(kTrace), kTrace);
    EXPECT_EQ(trace_id_of("4BF92F35-77B3-4DA6-A3CE-929D0E0E4736"), kTrace);
    for (const char* id : {"", "17", "00000000000000000000000000000000", "käse",
                           "4bf92f3577b34da6a3ce929d0e0e473g", "4bf92f35 77b3 4da6 a3ce 929d0e0e4736"}) {
        EXPECT_TRUE(is_trace_id(trace_id_of(id))) << id;
        EXPECT_NE(trace_id_of(id), kTrace) << id;
    }
}

TEST(Correlation, CallsCarryItWithinAScopeOnly) {
    EXPECT_EQ(outgoing_traceparent(), "");
    const CorrelationScope scope(kTrace);
    const auto first = outgoing_traceparent();
    EXPECT_EQ(find_trace_id(first), kTrace);
    EXPECT_NE(first, outgoing_traceparent());
    std::thread([] { EXPECT_EQ(outgoing_traceparent(), ""); }).join();
}

TEST(LogDeathTest, WhatNobodyCaughtIsALineAsWell) {
    const auto die = [] {
        std::set_terminate(log_uncaught);
        std::thread([] { throw std::runtime_error("out of \"luck\""); }).join();
    };
    EXPECT_DEATH(die(), R"(^\{"time".*"level":"error".*"error":"out of \\"luck\\""\})");
}

TEST(LogLineTest, HoldsWhateverTheFieldsHold) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const Log log("clicks", "clicks:h:1", LogLevel::info, ends[1]);
    log.debug("not shown");
    log.warn("odd \"text\"\n", {{"bytes", "\xff\x00"}, {"count", std::int64_t{3}}, {"rate", 0.5}});
    ::close(ends[1]);
    std::string text(4096, '\0');
    text.resize(static_cast<std::size_t>(::read(ends[0], text.data(), text.size())));
    ::close(ends[0]);
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    const auto line = nlohmann::json::parse(text);
    EXPECT_EQ(line["level"], "warn");
    EXPECT_EQ(line["message"], "odd \"text\"\n");
    EXPECT_EQ(line["count"], 3);
    EXPECT_EQ(line["role"], "clicks");
    EXPECT_EQ(parse_log_level("error"), LogLevel::error);
    EXPECT_THROW(parse_log_level("loud"), ConfigError);
}

}  // namespace
}  // namespace coupon
