#include "couponctl/doctor/judges/postgres.hpp"

#include <algorithm>
#include <charconv>

namespace coupon::doctor {
namespace {

constexpr int version_least = 140000;  // multiranges
constexpr int months_least = 2;
constexpr std::int64_t slow_us = 20'000;
constexpr std::int64_t long_s = 600;
constexpr std::int64_t too_long_s = 3600;
constexpr std::int64_t default_rows_many = 10'000;

std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t most = 8;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
        text += (i == 0 ? "" : ", ") + names[i];
    }
    return names.size() > most ? text + " and " + std::to_string(names.size() - most) + " more"
                               : text;
}

std::string set(const std::string& name, const std::string& value) {
    return "ALTER SYSTEM SET " + name + " = " + value + "; SELECT pg_reload_conf()";
}

class Settings {
  public:
    explicit Settings(const std::map<std::string, std::string>& values) : values_(values) {}
    [[nodiscard]] std::string of(const std::string& name) const {
        const auto found = values_.find(name);
        return found == values_.end() ? "" : found->second;
    }
    [[nodiscard]] std::int64_t number(const std::string& name) const {
        const auto value = of(name);
        std::int64_t number = 0;
        std::from_chars(value.data(), value.data() + value.size(), number);
        return number;
    }

  private:
    const std::map<std::string, std::string>& values_;
};

void judge_server(const PostgresFacts& facts, Notes& notes) {
    const auto version =
        std::to_string(facts.version / 10000) + "." + std::to_string(facts.version % 10000);
    if (facts.version < version_least) {
        notes.problem("version " + version + " lacks multiranges", "upgrade to PostgreSQL 14 or later");
    } else {
        notes.fine("version " + version);
    }
    if (facts.only_reads) {
        notes.problem("it only reads (a standby, or default_transaction_read_only)",
                      "point DATABASE_URL at the primary: …?target_session_attrs=read-write");
    }
    if (facts.encoding != "UTF8") {
        notes.problem("the database's encoding is " + facts.encoding,
                      "make it anew: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0");
    }
    const auto latency = "it answers after " + std::to_string(facts.latency_us) + " µs";
    facts.latency_us > slow_us ? notes.warn(latency, "put it near the workers; is it busy?")
                               : notes.fine(latency);
}

void judge_settings(const PostgresFacts& facts, Notes& notes) {
    const Settings settings(facts.settings);
    const auto needs_on = [&](const char* name, const char* why) {
        if (settings.of(name) == "on") {
            notes.fine(std::string(name) + " on", name);
        } else {
            notes.warn(std::string(name) + " is " + settings.of(name) + ": " + why, set(name, "on"),
                       name);
        }
    };
    needs_on("fsync", "a power failure destroys the database, money included");
    needs_on("full_page_writes", "a power failure may destroy pages, unless the disk writes 8 KB as one");
    needs_on("autovacuum", "tables grow without end");
    if (settings.of("synchronous_commit") == "off") {
        notes.warn("synchronous_commit is off: the workers set it themselves where it counts, the "
                   "back end's orders may be lost",
                   set("synchronous_commit", "'on'"), "synchronous_commit");
    } else {
        notes.fine("synchronous_commit " + settings.of("synchronous_commit"), "synchronous_commit");
    }
    // Edges and workers keep their connections, and wait in between.
    if (settings.number("idle_session_timeout") > 0) {
        notes.warn("idle_session_timeout cuts connections that edges and workers keep",
                   "ALTER ROLE " + facts.role + " SET idle_session_timeout = 0",
                   "idle_session_timeout");
    }
    constexpr std::int64_t statement_least_ms = 30'000;
    const auto statement_ms = settings.number("statement_timeout");
    if (statement_ms > 0 && statement_ms < statement_least_ms) {
        notes.warn("statement_timeout of " + std::to_string(statement_ms) +
                       " ms is shorter than what the workers allow a statement",
                   "ALTER ROLE " + facts.role + " SET statement_timeout = '60s'",
                   "statement_timeout");
    }
    if (settings.number("idle_in_transaction_session_timeout") == 0) {
        notes.warn("nobody ends a client that forgot its transaction: it holds back the catalogue's "
                   "cursor and VACUUM",
                   set("idle_in_transaction_session_timeout", "'10min'"),
                   "idle_in_transaction_session_timeout");
    }
    const auto zone = settings.of("TimeZone");
    notes.fine("TimeZone " + zone + "; the workers' times have zones of their own", "TimeZone");
    if (!facts.knows_zone) {
        notes.problem("it does not know the zone that COUPON_TZ names",
                      "apt install tzdata there, or set COUPON_TZ to a zone of pg_timezone_names",
                      "COUPON_TZ");
    }
}

void judge_privileges(const PostgresFacts& facts, Notes& notes) {
    if (!facts.missing_objects.empty()) {
        notes.problem("missing: " + listed(facts.missing_objects), "couponctl migrate", "schema");
    }
    if (!facts.missing_privileges.empty()) {
        notes.problem("the role " + facts.role + " lacks " + listed(facts.missing_privileges),
                      "as the owner: GRANT " + facts.missing_privileges.front() + " TO " + facts.role +
                          (facts.missing_privileges.size() > 1 ? "; and so on" : ""),
                      "role " + facts.role);
    }
    if (!facts.owns_clicks || !facts.may_create) {
        notes.problem("the role " + facts.role + " cannot make the months of offer_clicks",
                      facts.owns_clicks ? "GRANT CREATE ON SCHEMA public TO " + facts.role
                                        : "GRANT the owner of offer_clicks TO " + facts.role,
                      "role " + facts.role);
    }
    if (facts.missing_objects.empty() && facts.missing_privileges.empty() && facts.owns_clicks &&
        facts.may_create) {
        notes.fine("the role may do all that edges and workers do", "role " + facts.role);
    }
}

void judge_migrations(const PostgresFacts& facts, Notes& notes) {
    if (!facts.remembers_migrations) {
        notes.warn("it remembers no migrations: they were applied by hand, or not at all",
                   "couponctl migrate (what is there already is left as it is)", "sql/");
        return;
    }
    std::vector<std::string> missing, unknown, changed;
    const auto find = [](const std::vector<Migration>& list, const std::string& name) {
        return std::find_if(list.begin(), list.end(),
                            [&](const Migration& one) { return one.name == name; });
    };
    for (const auto& file : facts.shipped) {
        const auto known = find(facts.applied, file.name);
        if (known == facts.applied.end()) {
            missing.push_back(file.name);
        } else if (known->digest != file.digest) {
            changed.push_back(file.name);
        }
    }
    for (const auto& row : facts.applied) {
        if (find(facts.shipped, row.name) == facts.shipped.end()) {
            unknown.push_back(row.name);
        }
    }
    if (!missing.empty()) {
        notes.problem("not applied: " + listed(missing), "couponctl migrate", "sql/");
    }
    if (!changed.empty()) {
        notes.problem("changed since it was applied: " + listed(changed),
                      "install the files that were applied, and put the change into a new one",
                      "sql/");
    }
    if (!unknown.empty()) {
        notes.warn("applied by a newer version than this couponctl: " + listed(unknown),
                   "install the version of couponctl and the workers that the database is of",
                   "sql/");
    }
    if (missing.empty() && changed.empty() && unknown.empty()) {
        notes.fine(std::to_string(facts.shipped.size()) + " migrations are applied", "sql/");
    }
}

void judge_partitions(const PostgresFacts& facts, Notes& notes) {
    const std::string make = "start coupon-worker clicks; at once: SELECT coupon_ensure_click_partitions(3)";
    if (!facts.has_this_month) {
        notes.problem("this month has no partition", make, "offer_clicks");
    } else if (facts.months_ahead < months_least) {
        notes.warn("partitions reach " + std::to_string(facts.months_ahead) + " months ahead", make,
                   "offer_clicks");
    } else {
        notes.fine("partitions reach " + std::to_string(facts.months_ahead) + " months ahead",
                   "offer_clicks");
    }
    if (facts.default_rows >= default_rows_many) {
        notes.warn(std::to_string(facts.default_rows) +
                       " clicks or more are in the default partition: of a clock that is wrong, or of "
                       "months without a partition",
                   "SELECT date_trunc('month', clicked_at), count(*) FROM offer_clicks_default GROUP BY 1",
                   "offer_clicks_default");
    } else {
        notes.fine(std::to_string(facts.default_rows) + " clicks are in the default partition",
                   "offer_clicks_default");
    }
}

void judge_transactions(const PostgresFacts& facts, Notes& notes) {
    bool any = false;
    for (const auto& one : facts.transactions) {
        if (one.age_s < long_s) {
            continue;
        }
        any = true;
        const auto what = one.who + " has had a transaction open for " +
                          std::to_string(one.age_s / 60) + " minutes (" + one.state +
                          "): VACUUM and the catalogue's cursor wait for it";
        one.age_s >= too_long_s ? notes.problem(what, one.end_it, "transactions")
                                : notes.warn(what, one.end_it, "transactions");
    }
    if (!facts.sees_all) {
        notes.warn("the role " + facts.role + " cannot see how long other roles' transactions are open",
                   "GRANT pg_read_all_stats TO " + facts.role, "transactions");
    } else if (!any) {
        notes.fine("no transaction is open for long", "transactions");
    }
    if (!facts.idle_slots.empty()) {
        notes.warn("nobody reads the replication slots " + listed(facts.idle_slots) +
                       ": the disk fills with WAL",
                   "SELECT pg_drop_replication_slot('" + facts.idle_slots.front() +
                       "') if its standby is gone",
                   "replication slots");
    }
}

}  // namespace

Findings judge_postgres(const PostgresFacts& facts) {
    Notes notes("PostgreSQL", facts.where);
    if (!facts.failure.empty()) {
        notes.problem(facts.failure,
                      "systemctl status postgresql; does DATABASE_URL name its address, role, "
                      "password and database?");
        return notes.take();
    }
    judge_server(facts, notes);
    judge_settings(facts, notes);
    judge_migrations(facts, notes);
    judge_privileges(facts, notes);
    judge_partitions(facts, notes);
    judge_transactions(facts, notes);
    if (facts.missing_triggers.empty()) {
        notes.fine("changes of offers and merchants are logged", "catalog_log");
    } else {
        notes.problem("changes of the catalogue reach no edge; triggers are missing or off: " +
                          listed(facts.missing_triggers),
                      "ALTER TABLE offers ENABLE TRIGGER ALL (merchants likewise); where they are "
                      "gone, psql -f sql/0003_catalog_log.sql",
                      "catalog_log");
    }
    return notes.take();
}

Findings judge_connections(const ConnectionFacts& facts) {
    Notes notes("PostgreSQL", "connections");
    const int others = std::max(facts.now - facts.ours_now, 0);
    const int wanted = others + std::max(facts.ours_most, facts.ours_now);
    const auto what = std::to_string(facts.now) + " of " + std::to_string(facts.most) +
                      " connections are used; edges and workers have " +
                      std::to_string(facts.ours_now) + " and may come to " +
                      std::to_string(std::max(facts.ours_most, facts.ours_now));
    const auto remedy = "ALTER SYSTEM SET max_connections = " +
                        std::to_string((wanted * 3 / 2 + 10) / 10 * 10) +
                        " and restart PostgreSQL (CONNECTION LIMIT of a role or database counts as "
                        "well), or lower the back end's pools";
    constexpr int brim_percent = 95;
    if (facts.now * 100 >= facts.most * brim_percent) {
        notes.problem(what, remedy);
    } else if (wanted > facts.most) {
        notes.warn(what + ", which is more than there are beside the others' " +
                       std::to_string(others),
                   remedy);
    } else {
        notes.fine(what);
    }
    return notes.take();
}

int connections_of(const std::string& role) {
    static const std::map<std::string, int> most{{"clicks", 3}, {"webhooks", 12}, {"email", 6},
                                                 {"sms", 6},    {"cashback", 12}, {"cron", 6},
                                                 {"admin", 10}};
    const auto found = most.find(role);
    return found == most.end() ? 2 : found->second;
}

}  // namespace coupon::doctor
