// Settings of the workers: environment, REDIS_URL, worker identity, log lines.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/backoff.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/heartbeat.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/redis_address.hpp"
#include "runtime/worker_identity.hpp"

namespace coupon {
namespace {

std::string refusal_of(const std::string& url) {
    try {
        parse_redis_url(url);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

class EnvironmentTest : public ::testing::Test {
  protected:
    void TearDown() override {
        ::unsetenv("COUPON_TEST");
        ::unsetenv("COUPON_TEST_FILE");
        ::unlink(path_.c_str());
    }

    void write_file(const std::string& text) { std::ofstream(path_) << text; }

    std::string path_ = "/tmp/coupon_settings_test." + std::to_string(::getpid());
};

TEST_F(EnvironmentTest, AnEmptyValueIsNone) {
    EXPECT_FALSE(environment_value("COUPON_TEST"));
    ::setenv("COUPON_TEST", "", 1);
    EXPECT_FALSE(environment_value("COUPON_TEST"));
    ::setenv("COUPON_TEST", "value", 1);
    EXPECT_EQ(environment_value("COUPON_TEST"), "value");
}

TEST_F(EnvironmentTest, AFileLosesItsTrailingNewlinesOnly) {
    write_file(" a b\n\r\n");
    ::setenv("COUPON_TEST_FILE", path_.c_str(), 1);
    EXPECT_EQ(environment_value("COUPON_TEST"), " a b");
    write_file("\n");
    EXPECT_FALSE(environment_value("COUPON_TEST"));
}

TEST_F(EnvironmentTest, AmbiguousMissingAndUnreadableSettingsAreNamed) {
    ::setenv("COUPON_TEST_FILE", "/nonexistent/file", 1);
    EXPECT_THROW(environment_value("COUPON_TEST"), ConfigError);
    ::setenv("COUPON_TEST_FILE", "/tmp", 1);
    EXPECT_THROW(environment_value("COUPON_TEST"), ConfigError);
    ::setenv("COUPON_TEST", "x", 1);
    EXPECT_THROW(environment_value("COUPON_TEST"), ConfigError);
    try {
        required_environment("COUPON_TEST_NONE", "what it is for");
        FAIL();
    } catch (const ConfigError& error) {
        EXPECT_NE(std::string(error.what()).find("COUPON_TEST_NONE"), std::string::npos);
    }
}

TEST(RedisUrl, HostPortAndDatabase) {
    const auto address = parse_redis_url("redis://127.0.0.1:6380/3");
    ASSERT_EQ(address.endpoints.size(), 1U);
    EXPECT_EQ(address.endpoints[0].host, "127.0.0.1");
    EXPECT_EQ(address.endpoints[0].port, 6380);
    EXPECT_EQ(address.db, 3);
    EXPECT_EQ(parse_redis_url("redis://cache").endpoints[0].port, 6379);
    EXPECT_EQ(parse_redis_url("redis://cache/").db, 0);
    EXPECT_EQ(parse_redis_url("redis://[::1]:7").endpoints[0].host, "::1");
}

TEST(RedisUrl, LoginIsPercentDecodedAndNeverShown) {
    const auto address = parse_redis_url("redis://worker:p%40ss%3Aword@cache:1/0");
    EXPECT_EQ(address.user, "worker");
    EXPECT_EQ(address.password, "p@ss:word");
    EXPECT_EQ(address.text(), "cache:1");
    EXPECT_EQ(parse_redis_url("redis://:only@cache").user, "");
}

TEST(RedisUrl, SocketAndSentinel) {
    const auto socket = parse_redis_url("unix:///run/redis.sock?db=2");
    EXPECT_EQ(socket.unix_path, "/run/redis.sock");
    EXPECT_EQ(socket.db, 2);
    const auto sentinel = parse_redis_url("redis+sentinel://:pw@one,two:7/shop/4");
    ASSERT_EQ(sentinel.endpoints.size(), 2U);
    EXPECT_EQ(sentinel.endpoints[0].port, 26379);
    EXPECT_EQ(sentinel.endpoints[1].port, 7);
    EXPECT_EQ(sentinel.sentinel_master, "shop");
    EXPECT_EQ(sentinel.db, 4);
}

TEST(RedisUrl, WhatIsWrongIsSaidWithoutTheSecret) {
    for (const auto* url :
         {"", "http://x", "redis://", "redis://u:secret@", "redis://secret@x", "redis://x:70000",
          "redis://x:0", "redis://x:y", "redis://x/y", "redis://a,b", "rediss://:secret@x",
          "unix://relative", "unix:///p?x=1", "redis+sentinel://x", "redis://:sec%2@x",
          "redis+sentinel://u:1/secret@x:2", "redis://[::1"}) {
        const auto refusal = refusal_of(url);
        EXPECT_TRUE(refusal.starts_with("REDIS_URL ")) << url << ": " << refusal;
        EXPECT_EQ(refusal.find("secret"), std::string::npos) << refusal;
    }
}

TEST(DatabaseUrl, TheDriverIsDroppedAndTheSecretNeverShown) {
    const PgConnection pg("postgresql+asyncpg://user:secret@db.example:5433/shop", "test", 1000);
    EXPECT_EQ(pg.text(), "db.example:5433/shop");
    try {
        PgConnection("postgresql://user:secret@[broken", "test", 1000);
        FAIL();
    } catch (const ConfigError& error) {
        EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
    }
}

TEST(DatabaseUrl, APasswordThatIsTakenForSomethingElseIsNeverShown) {
    for (const auto* url :
         {"postgresql://u:pw@secret@db/shop", "postgresql://u:pw@@secret@db/shop",
          "postgresql://u:1/secret@db/shop", "postgresql://u:secret/1@db/shop",
          "postgresql://u:pw@/secret@db/shop", "postgresql+asyncpg://u:pw@secret@db/shop"}) {
        try {
            const PgConnection pg(url, "test", 1000);
            ADD_FAILURE() << url << ": " << pg.text();
        } catch (const ConfigError& error) {
            const std::string said = error.what();
            EXPECT_TRUE(said.starts_with("DATABASE_URL has a ")) << said;
            EXPECT_EQ(said.find("secret"), std::string::npos) << said;
        }
    }
}

TEST(DatabaseUrl, AFailedConnectQuotesNothing) {
    PgConnection pg("host=/nonexistent/coupon user=u password=secret dbname=shop", "test", 1000);
    try {
        pg.execute("SELECT 1");
        FAIL();
    } catch (const PgError& error) {
        const std::string said = error.what();
        EXPECT_NE(said.find("at /nonexistent/coupon"), std::string::npos) << said;
        EXPECT_NE(said.find("\"…\""), std::string::npos) << said;
    }
}

TEST(PgArrayText, EveryElementIsQuoted) {
    PgArray array;
    EXPECT_EQ(array.literal(), "{}");
    array.add("a\"b\\c,{}");
    array.add_null();
    array.add(std::int64_t{-7});
    EXPECT_EQ(array.literal(), R"({"a\"b\\c,{}",NULL,"-7"})");
}

TEST(WorkerIdentityTest, IsRoleHostAndSomethingRandom) {
    const auto one = make_worker_identity("clicks");
    const auto other = make_worker_identity("clicks");
    EXPECT_TRUE(one.id.starts_with("clicks:" + one.host + ":"));
    EXPECT_NE(one.id, other.id);
    EXPECT_EQ(one.pid, ::getpid());
}

TEST(HeartbeatState, OnlyAProcessOfOurOwnKindIsKnownToBeDead) {
    if (current_pid_scope().empty()) {
        GTEST_SKIP() << "no /proc: pids cannot be told apart";
    }
    const nlohmann::json here{{"pid", ::getpid()}, {"pid_scope", current_pid_scope()}};
    EXPECT_FALSE(is_dead_here(here.dump()));
    const int gone = 0x3ffffff;  // above the kernel's largest pid
    EXPECT_TRUE(
        is_dead_here(nlohmann::json{{"pid", gone}, {"pid_scope", current_pid_scope()}}.dump()));
    EXPECT_FALSE(is_dead_here(nlohmann::json{{"pid", gone}, {"pid_scope", "another boot"}}.dump()));
    EXPECT_FALSE(is_dead_here(nlohmann::json{{"pid", gone}, {"pid_scope", ""}}.dump()));
    for (const auto* text : {"", "x", "[]", "{}", R"({"pid":"1","pid_scope":3})"}) {
        EXPECT_FALSE(is_dead_here(text)) << text;
    }
}

TEST(BackoffTest, DoublesUpToItsBoundAndStartsAnew) {
    Backoff backoff(100, 1000);
    EXPECT_TRUE(backoff.fresh());
    for (const int step : {100, 200, 400, 800, 1000, 1000}) {
        const int wait = backoff.next_ms();
        EXPECT_GE(wait, step / 2);
        EXPECT_LE(wait, step);
    }
    EXPECT_FALSE(backoff.fresh());
    backoff.reset();
    EXPECT_TRUE(backoff.fresh());
}

}  // namespace
}  // namespace coupon
