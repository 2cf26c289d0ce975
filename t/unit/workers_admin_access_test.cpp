// workers/admin/credentials, sessions, rate_gate.
#include <gtest/gtest.h>

#include "admin/credentials.hpp"
#include "admin/rate_gate.hpp"
#include "admin/sessions.hpp"

namespace coupon {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const std::string bcrypt = "$2b$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";

TEST(AdminCredentials, ReadsNamesRolesAndHashes) {
    const auto file = parse_passwords("# who\n\nrita:read-only:" + bcrypt +
                                      "\r\nolivia:operator:" + bcrypt + "\n");
    ASSERT_EQ(file.entries.size(), 2u);
    EXPECT_TRUE(file.problems.empty());
    EXPECT_EQ(file.entries[0].name, "rita");
    EXPECT_EQ(file.entries[0].role, AdminRole::read_only);
    EXPECT_EQ(file.entries[1].role, AdminRole::operate);
    EXPECT_EQ(file.entries[1].secret, bcrypt);
}

TEST(AdminCredentials, WrongLinesDoNotCountAndShowNoSecret) {
    const auto good = "olivia:operator:" + bcrypt;
    const std::vector<std::string> lines{
        "olivia",
        "olivia:operator",
        "olivia:root:" + bcrypt,
        ":operator:" + bcrypt,
        "ol ivia:operator:" + bcrypt,
        "o/x:operator:" + bcrypt,
        std::string(65, 'x') + ":operator:" + bcrypt,
        "o:operator:geheim-im-klartext",
        "o:operator:$1$salt$abcdefghijklmnopqrstuv",
        "o:operator:$y$",
        "o:operator:$2b$31" + bcrypt.substr(6),
        "o:operator:" + bcrypt + "x",
        "o:operator:" + bcrypt.substr(1),
        "o:operator:",
    };
    for (const auto& line : lines) {
        const auto file = parse_passwords(line + "\n" + good);
        ASSERT_EQ(file.entries.size(), 1u) << line;
        EXPECT_EQ(file.entries[0].name, "olivia");
        ASSERT_EQ(file.problems.size(), 1u) << line;
        EXPECT_TRUE(file.problems[0].starts_with("line 1 ")) << file.problems[0];
        EXPECT_EQ(file.problems[0].find("geheim"), std::string::npos);
    }
}

TEST(AdminCredentials, OfTwoLinesWithOneNameTheFirstCounts) {
    const auto file = parse_passwords("o:read-only:" + bcrypt + "\no:operator:" + bcrypt);
    ASSERT_EQ(file.entries.size(), 1u);
    EXPECT_EQ(file.entries[0].role, AdminRole::read_only);
    EXPECT_EQ(file.problems.size(), 1u);
}

TEST(AdminCredentials, OnlyTheRightPasswordOfAKnownNameFits) {
    const auto file = parse_passwords("o:operator:" + hash_password("correct horse battery"));
    ASSERT_EQ(file.entries.size(), 1u);
    EXPECT_TRUE(find_password(file.entries, "o", "correct horse battery"));
    EXPECT_FALSE(find_password(file.entries, "o", "correct horse"));
    EXPECT_FALSE(find_password(file.entries, "o", ""));
    EXPECT_FALSE(find_password(file.entries, "o", std::string("correct horse battery\0x", 23)));
    EXPECT_FALSE(find_password(file.entries, "o", std::string(5000, 'x')));
    EXPECT_FALSE(find_password(file.entries, "x", "correct horse battery"));
    EXPECT_FALSE(find_password({}, "x", "correct horse battery"));
}

TEST(AdminCredentials, ATokenIsFoundByItsDigest) {
    const auto token = random_token();
    const auto file = parse_tokens("robot:operator:" + hash_token(token));
    ASSERT_EQ(file.entries.size(), 1u);
    EXPECT_EQ(find_token(file.entries, token)->name, "robot");
    EXPECT_FALSE(find_token(file.entries, token + "x"));
    EXPECT_FALSE(find_token(file.entries, ""));
    EXPECT_FALSE(find_token(file.entries, hash_token(token)));
    EXPECT_EQ(token.size(), 43u);
    EXPECT_NE(token, random_token());
    EXPECT_EQ(parse_tokens("robot:operator:" + std::string(64, 'G')).problems.size(), 1u);
}

TEST(AdminSessions, EndAtTheirAge) {
    Sessions sessions{hours(1)};
    const auto now = Sessions::Clock::now();
    const auto opened = sessions.open("o", "hash", now);
    EXPECT_EQ(sessions.find(opened.id, now + seconds(3599))->csrf, opened.session.csrf);
    EXPECT_FALSE(sessions.find(opened.id, now + seconds(3600)));
    EXPECT_FALSE(sessions.find("other", now));
}

TEST(AdminSessions, TheOldestOfAUserMakesRoom) {
    Sessions sessions{hours(1)};
    const auto now = Sessions::Clock::now();
    const auto other = sessions.open("other", "hash", now - seconds(60));
    const auto first = sessions.open("o", "hash", now - seconds(30));
    for (std::size_t i = 1; i < Sessions::per_user_max; ++i) {
        sessions.open("o", "hash", now);
    }
    EXPECT_TRUE(sessions.find(first.id, now));
    sessions.open("o", "hash", now);
    EXPECT_FALSE(sessions.find(first.id, now));
    EXPECT_TRUE(sessions.find(other.id, now));
}

TEST(AdminSessions, AreBoundInNumber) {
    Sessions sessions{hours(1)};
    const auto now = Sessions::Clock::now();
    for (std::size_t i = 0; i <= Sessions::sessions_max; ++i) {
        sessions.open("user" + std::to_string(i), "hash", now);
    }
    EXPECT_EQ(sessions.count(), Sessions::sessions_max);
}

TEST(AdminRateGate, EachKeyHasItsOwnAllowance) {
    constexpr std::uint64_t second = 1'000'000'000;
    RateGate gate{{3, second}};
    const std::uint64_t now = 1000 * second;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(gate.wait_s("a", now), 0u);
    }
    EXPECT_GT(gate.wait_s("a", now), 0u);
    EXPECT_EQ(gate.wait_s("b", now), 0u);
    EXPECT_EQ(gate.wait_s("a", now + second), 0u);
    EXPECT_GT(gate.wait_s("a", now + second), 0u);
}

TEST(AdminRateGate, ForgetsKeysOnceItIsFull) {
    constexpr std::uint64_t second = 1'000'000'000;
    RateGate gate{{3, second}};
    const std::uint64_t now = 1000 * second;
    for (std::size_t i = 0; i < RateGate::keys_max; ++i) {
        ASSERT_EQ(gate.wait_s(std::to_string(i), now), 0u);
    }
    EXPECT_GT(gate.wait_s("new", now), 0u);
    EXPECT_EQ(gate.wait_s("5", now), 0u);
    EXPECT_EQ(gate.wait_s("new", now + 10 * second), 0u);
}

}  // namespace
}  // namespace coupon
