// couponctl doctor: what is good is fine, and each thing that is bad is found, with a remedy.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "couponctl/doctor/judges/clock.hpp"
#include "couponctl/doctor/judges/journal.hpp"
#include "couponctl/doctor/judges/postgres.hpp"
#include "couponctl/doctor/judges/redis.hpp"
#include "couponctl/doctor/judges/report.hpp"

namespace coupon::doctor {
namespace {

// The levels of those that are not fine, with what they say; each has a remedy.
std::string bad(const Findings& findings) {
    std::string text;
    for (const auto& one : findings) {
        EXPECT_EQ(one.level == Level::ok, one.remedy.empty()) << one.what;
        EXPECT_FALSE(one.where.empty()) << one.what;
        if (one.level != Level::ok) {
            text += std::string(level_name(one.level)) + ": " + one.what + "\n";
        }
    }
    return text;
}

void expect_bad(const Findings& findings, const std::string& start) {
    const auto text = bad(findings);
    EXPECT_TRUE(text.starts_with(start)) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

RedisFacts good_redis() {
    return {"127.0.0.1:6379",
            "",
            {{"redis_version", "7.0.15"},
             {"role", "master"},
             {"maxmemory_policy", "noeviction"},
             {"maxmemory", "1000"},
             {"used_memory", "100"},
             {"aof_enabled", "1"},
             {"aof_last_write_status", "ok"},
             {"rdb_last_bgsave_status", "ok"},
             {"connected_clients", "10"},
             {"maxclients", "10000"}},
            "",
            100};
}

TEST(DoctorRedis, IsFineAsItShouldBe) {
    EXPECT_EQ(bad(judge_redis(good_redis())), "");
}

TEST(DoctorRedis, FindsEachTrouble) {
    const auto with = [](const std::string& name, const std::string& value) {
        auto facts = good_redis();
        facts.info[name] = value;
        return judge_redis(facts);
    };
    expect_bad(with("redis_version", "5.0.14"), "warning: version 5.0.14");
    expect_bad(with("role", "slave"), "problem: it is a slave");
    expect_bad(with("loading", "1"), "warning: it still loads");
    expect_bad(with("cluster_enabled", "1"), "problem: it is a cluster");
    expect_bad(with("maxmemory_policy", "allkeys-lru"), "problem: maxmemory-policy allkeys-lru");
    expect_bad(with("used_memory", "850"), "warning: it uses 850 B of 1000 B");
    expect_bad(with("used_memory", "960"), "problem: it uses");
    expect_bad(with("aof_enabled", "0"), "warning: it keeps nothing");
    expect_bad(with("aof_last_write_status", "err"), "problem: it cannot write");
    expect_bad(with("rdb_last_bgsave_status", "err"), "problem: its last save failed");
    expect_bad(with("connected_clients", "8000"), "warning: 8000 of 10000 clients");
    expect_bad(with("connected_clients", "9500"), "problem: 9500 of 10000 clients");
    auto slow = good_redis();
    slow.latency_us = 5001;
    expect_bad(judge_redis(slow), "warning: it answers after 5001");
    auto away = good_redis();
    away.failure = "Redis does not answer";
    expect_bad(judge_redis(away), "problem: Redis does not answer");
}

TEST(DoctorRedis, AManagedOneMayHideItsSettings) {
    auto facts = good_redis();
    facts.save.reset();
    facts.info["aof_enabled"] = "0";
    expect_bad(judge_redis(facts), "warning: it only saves now and then");
    facts = good_redis();
    facts.info["maxmemory"] = "0";
    facts.info["maxmemory_policy"] = "volatile-ttl";
    expect_bad(judge_redis(facts), "warning: maxmemory-policy volatile-ttl would");
}

PostgresFacts good_postgres() {
    PostgresFacts facts;
    facts.where = "127.0.0.1/shop";
    facts.version = 150020;
    facts.encoding = "UTF8";
    facts.role = "coupon";
    facts.settings = {{"fsync", "on"},
                      {"full_page_writes", "on"},
                      {"autovacuum", "on"},
                      {"synchronous_commit", "on"},
                      {"idle_session_timeout", "0"},
                      {"statement_timeout", "0"},
                      {"idle_in_transaction_session_timeout", "60000"},
                      {"TimeZone", "UTC"}};
    facts.applied = facts.shipped = {{"0001_a.sql", "a"}, {"0002_b.sql", "b"}};
    facts.months_ahead = 3;
    return facts;
}

TEST(DoctorPostgres, IsFineAsItShouldBe) {
    EXPECT_EQ(bad(judge_postgres(good_postgres())), "");
}

TEST(DoctorPostgres, FindsEachTrouble) {
    const auto with = [](auto change) {
        auto facts = good_postgres();
        change(facts);
        return judge_postgres(facts);
    };
    using Facts = PostgresFacts&;
    expect_bad(with([](Facts f) { f.failure = "cannot connect"; }), "problem: cannot connect");
    expect_bad(with([](Facts f) { f.version = 130015; }), "problem: version 13.15");
    expect_bad(with([](Facts f) { f.only_reads = true; }), "problem: it only reads");
    expect_bad(with([](Facts f) { f.encoding = "SQL_ASCII"; }), "problem: the database's encoding");
    expect_bad(with([](Facts f) { f.latency_us = 20'001; }), "warning: it answers after");
    for (const char* name : {"fsync", "full_page_writes", "autovacuum"}) {
        expect_bad(with([name](Facts f) { f.settings[name] = "off"; }), std::string("warning: ") + name);
    }
    expect_bad(with([](Facts f) { f.settings["synchronous_commit"] = "off"; }),
               "warning: synchronous_commit is off");
    expect_bad(with([](Facts f) { f.settings["idle_session_timeout"] = "1000"; }),
               "warning: idle_session_timeout");
    expect_bad(with([](Facts f) { f.settings["statement_timeout"] = "29999"; }),
               "warning: statement_timeout of 29999 ms");
    expect_bad(with([](Facts f) { f.settings["idle_in_transaction_session_timeout"] = "0"; }),
               "warning: nobody ends");
    expect_bad(with([](Facts f) { f.knows_zone = false; }), "problem: it does not know the zone");
    expect_bad(with([](Facts f) { f.missing_objects = {"outbox"}; }), "problem: missing: outbox");
    expect_bad(with([](Facts f) { f.missing_privileges = {"INSERT on outbox"}; }),
               "problem: the role coupon lacks INSERT on outbox");
    expect_bad(with([](Facts f) { f.owns_clicks = false; }), "problem: the role coupon cannot make");
    expect_bad(with([](Facts f) { f.may_create = false; }), "problem: the role coupon cannot make");
    expect_bad(with([](Facts f) { f.applied.pop_back(); }), "problem: not applied: 0002_b.sql");
    expect_bad(with([](Facts f) { f.applied[0].digest = "c"; }), "problem: changed since");
    expect_bad(with([](Facts f) { f.shipped.pop_back(); }), "warning: applied by a newer version");
    expect_bad(with([](Facts f) { f.remembers_migrations = false; }), "warning: it remembers no");
    expect_bad(with([](Facts f) { f.has_this_month = false; }), "problem: this month");
    expect_bad(with([](Facts f) { f.months_ahead = 1; }), "warning: partitions reach 1");
    expect_bad(with([](Facts f) { f.default_rows = 10'000; }), "warning: 10000 clicks or more");
    expect_bad(with([](Facts f) { f.missing_triggers = {"t"}; }), "problem: changes of the catalogue");
    expect_bad(with([](Facts f) { f.sees_all = false; }), "warning: the role coupon cannot see");
    expect_bad(with([](Facts f) { f.idle_slots = {"standby"}; }), "warning: nobody reads");
}

TEST(DoctorPostgres, ATransactionIsLongAfterTenMinutes) {
    auto facts = good_postgres();
    facts.transactions = {{"psql (ann, pid 7)", "idle in transaction", "SELECT pg_terminate_backend(7)", 599}};
    EXPECT_EQ(bad(judge_postgres(facts)), "");
    facts.transactions[0].age_s = 600;
    expect_bad(judge_postgres(facts), "warning: psql (ann, pid 7) has had a transaction open for 10 minutes");
    facts.transactions[0].age_s = 3600;
    expect_bad(judge_postgres(facts), "problem: psql");
}

TEST(DoctorConnections, AreCountedWithThoseThatMayCome) {
    EXPECT_EQ(bad(judge_connections({"pg", 100, 40, 20, 60})), "");
    expect_bad(judge_connections({"pg", 100, 60, 20, 61}), "warning: 60 of 100");
    expect_bad(judge_connections({"pg", 100, 95, 90, 90}), "problem: 95 of 100");
    EXPECT_NE(judge_connections({"pg", 100, 60, 20, 61})[0].remedy.find("max_connections = 160"),
              std::string::npos);
}

JournalFacts good_journal() {
    JournalFacts facts;
    facts.directory = "/var/lib/coupon/journal";
    facts.file_system = "ext4";
    facts.mount_point = "/var";
    facts.mount_options = "rw,relatime";
    facts.mode = 0700;
    facts.owner = facts.expected_owner = "www-data";
    facts.free_bytes = 20ULL << 30;
    facts.files = facts.free_files = 1'000'000;
    facts.budget_bytes = 11ULL << 30;
    facts.sync_us = 800;
    return facts;
}

TEST(DoctorJournal, IsFineAsItShouldBe) {
    EXPECT_EQ(bad(judge_journal(good_journal())), "");
}

TEST(DoctorJournal, FindsEachTrouble) {
    const auto with = [](auto change) {
        auto facts = good_journal();
        change(facts);
        return judge_journal(facts);
    };
    using Facts = JournalFacts&;
    for (const char* kind : {"tmpfs", "nfs4", "overlay", "fuse.sshfs", "cifs"}) {
        expect_bad(with([kind](Facts f) { f.file_system = kind; }), std::string("problem: it is on ") + kind);
    }
    expect_bad(with([](Facts f) { f.mount_options = "ro,relatime"; }), "problem: it is mounted read-only");
    expect_bad(with([](Facts f) { f.mount_options = "rw,sync"; }), "warning: the mount option sync");
    expect_bad(with([](Facts f) { f.mode = 0750; }), "problem: others may get at it");
    expect_bad(with([](Facts f) { f.owner = "root"; }), "problem: it belongs to root");
    expect_bad(with([](Facts f) { f.free_bytes = 10ULL << 30; }), "problem: 10 GB are free");
    EXPECT_EQ(bad(with([](Facts f) { f.free_bytes = 10ULL << 30; f.used_bytes = 1ULL << 30; })), "");
    expect_bad(with([](Facts f) { f.free_files = 9'999; }), "warning: 9999 inodes");
    EXPECT_EQ(bad(with([](Facts f) { f.files = f.free_files = 0; })), "") << "btrfs counts none";
    expect_bad(with([](Facts f) { f.sync_us = 20'000; }), "warning: 4 KB are on disk after");
    expect_bad(with([](Facts f) { f.sync_us = 500'000; }), "problem: 4 KB are on disk after");
    EXPECT_EQ(bad(with([](Facts f) { f.sync_us.reset(); })), "");
    expect_bad(with([](Facts f) { f.failure = "it cannot be looked at"; }), "problem: it cannot");
}

TEST(DoctorClock, AllowsForTheWayOfTheQuestion) {
    ClockFacts facts;
    facts.synchronised = true;
    facts.zone = "Asia/Kolkata";
    facts.others = {{"Redis", -99'000, 10}, {"PostgreSQL", 1'050'000, 60'000'000}};
    EXPECT_EQ(bad(judge_clock(facts)), "");
    facts.others = {{"Redis", -150'000, 20'000}};
    expect_bad(judge_clock(facts), "warning: Redis's clock is 150 ms behind");
    facts.others = {{"PostgreSQL", 1'020'000, 20'000}};
    expect_bad(judge_clock(facts), "problem: PostgreSQL's clock is 1020 ms ahead");
    facts.others.clear();
    facts.synchronised = false;
    expect_bad(judge_clock(facts), "warning: the clock is not synchronised");
    facts.synchronised.reset();
    EXPECT_EQ(bad(judge_clock(facts)), "");
    facts.stepped_us = -50'000;
    expect_bad(judge_clock(facts), "warning: the clock was set by 50 ms");
    facts.stepped_us = 0;
    facts.zone_failure = "COUPON_TZ names no zone";
    expect_bad(judge_clock(facts), "problem: COUPON_TZ names no zone");
}

TEST(DoctorReport, PutsTheBadFirstWithinItsGroup) {
    const Findings findings{{Level::ok, "A", "a", "fine", ""},
                            {Level::problem, "B", "b", "line\nend \x1b[2J", "mend it"},
                            {Level::warning, "A", "a", "doubtful", "look"}};
    std::ostringstream table;
    print_table(findings, table);
    const auto text = table.str();
    EXPECT_LT(text.find("doubtful"), text.find("fine"));
    EXPECT_LT(text.find("fine"), text.find("PROBLEM b: line end"));
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_NE(text.find("1 problem, 1 warning, 1 fine"), std::string::npos);
    std::ostringstream json;
    print_json(findings, json);
    const auto report = nlohmann::json::parse(json.str());
    EXPECT_EQ(report["problems"], 1);
    EXPECT_EQ(report["findings"].size(), 3U);
    EXPECT_EQ(exit_code_of(findings), 1);
    EXPECT_EQ(exit_code_of({findings[0], findings[2]}), 0) << "a warning is no failure";
}

}  // namespace
}  // namespace coupon::doctor
