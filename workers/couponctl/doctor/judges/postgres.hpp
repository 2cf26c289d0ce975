// What PostgreSQL must be like, and what our role must be allowed to.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "couponctl/doctor/judges/finding.hpp"

namespace coupon::doctor {

struct LongTransaction {
    std::string who;        // application, user and pid
    std::string state;      // "idle in transaction", "active", a prepared transaction's name
    std::string end_it;     // the statement that ends it
    std::int64_t age_s = 0;
};

struct Migration {
    std::string name, digest;
};

struct PostgresFacts {
    std::string where;    // never the password
    std::string failure;  // why it could not be asked; empty: it answered
    std::int64_t latency_us = 0;
    int version = 0;      // 150020
    bool only_reads = false;
    std::map<std::string, std::string> settings;  // pg_settings, by name
    std::string encoding;                         // the database's
    std::string role;
    std::vector<std::string> missing_privileges;  // "INSERT on email_queue"
    std::vector<std::string> missing_objects;     // tables and functions of the migrations
    bool owns_clicks = true, may_create = true;

    std::vector<Migration> applied, shipped;
    bool remembers_migrations = true;             // it has coupon_migrations

    int months_ahead = 0;                         // partitions behind this month's
    bool has_this_month = true;
    std::int64_t default_rows = 0;                // in the default partition, up to a bound

    std::vector<LongTransaction> transactions;    // that hold back what VACUUM may remove
    bool sees_all = true;                         // also those of other roles
    std::vector<std::string> missing_triggers;    // of the catalogue's log
    std::vector<std::string> idle_slots;          // replication slots that nobody reads
    bool knows_zone = true;                       // COUPON_TZ
};

Findings judge_postgres(const PostgresFacts& facts);

struct ConnectionFacts {
    std::string where;
    int most = 0;       // max_connections without those kept for superusers, or the role's own limit
    int now = 0;        // that count for it
    int ours_now = 0;   // edges and workers among them
    int ours_most = 0;  // what edges and workers may come to
};

Findings judge_connections(const ConnectionFacts& facts);

// How many connections one process of that role opens at most, with the usual --threads.
int connections_of(const std::string& role);

}  // namespace coupon::doctor
