#include "couponctl/privacy/export.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ext/stdio_filebuf.h>
#include <string_view>
#include <vector>

#include "couponctl/actor.hpp"
#include "couponctl/privacy/person.hpp"
#include "couponctl/settings.hpp"
#include "operations/audit_log.hpp"
#include "runtime/clock.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/time_text.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 10 * 60 * 1000;
constexpr const char* fetch_sql = "FETCH 200 FROM part";

struct Part {
    const char* name;
    std::string rows;  // SQL over $1, the user's id: one column, jsonb
};

Part table_of(const char* table, const char* column = "user_id") {
    return {table, std::string("SELECT to_jsonb(t) FROM ") + table + " t WHERE t." + column +
                       " = $1::bigint"};
}

std::string of_orders(const std::string& table) {
    return "SELECT to_jsonb(t) FROM " + table +
           " t JOIN orders o ON o.id = t.order_id WHERE o.user_id = $1::bigint";
}

std::string messages(const std::string& table) {
    return "SELECT to_jsonb(q) - 'raw' FROM " + table + " q WHERE " + message_of_user_sql(table);
}

std::string events_of(const std::string& queue) {
    return "SELECT to_jsonb(e) FROM message_events e WHERE e.queue = '" + queue +
           "' AND e.message_id IN (SELECT q.id::text FROM " + queue + "_queue q WHERE " +
           message_of_user_sql(queue + "_queue") + ")";
}

// A session's name may be all that is needed to take it over, and is the back end's to choose: only
// what is known to be harmless is told.
constexpr const char* session_sql =
    "SELECT (SELECT jsonb_object_agg(key, member) FROM jsonb_each(to_jsonb(t)) AS members (key, "
    "member)"
    "  WHERE key IN ('user_id', 'ip', 'ip_address', 'user_agent', 'device', 'device_name', "
    "'platform')"
    "  OR key ~ '_at$') || jsonb_build_object('id', CASE WHEN pg_typeof(t.id)::text IN ('integer', "
    "'bigint')"
    "   THEN to_jsonb(t.id) ELSE '\"left out\"' END)"
    " FROM user_sessions t WHERE t.user_id = $1::bigint";

std::vector<Part> parts() {
    return {
        table_of("users", "id"),
        table_of("user_kyc"),
        {"user_sessions", session_sql},
        {"clicks", "SELECT to_jsonb(t) FROM offer_clicks_all t WHERE t.user_id = $1::bigint"},
        {"click_rejects",
         "SELECT to_jsonb(t) FROM click_rejects t WHERE t.raw ~ ('\"user\":' || $1::bigint || "
         "'[,}]')"},
        table_of("orders"),
        {"order_items", of_orders("order_items")},
        {"payments", of_orders("payments")},
        {"outbox", of_orders("outbox")},
        {"webhook_logs",
         std::string("SELECT to_jsonb(a) - 'query' - 'raw' || jsonb_build_object('body',"
                     " coupon_body_json(a.body)) FROM webhook_logs a WHERE ") +
             webhook_names_user_sql()},
        {"webhook_events",
         "SELECT to_jsonb(e) FROM webhook_events e JOIN payments p ON p.id = e.payment_id"
         " JOIN orders o ON o.id = p.order_id WHERE o.user_id = $1::bigint"},
        {"emails", messages("email_queue")},
        {"email_events", events_of("email")},
        {"text_messages", messages("sms_queue")},
        {"text_message_events", events_of("sms")},
        {"suppressions",
         std::string(
             "SELECT to_jsonb(t) FROM suppressions t WHERE (channel = 'email' AND address IN (") +
             user_email_sql + ")) OR (channel = 'sms' AND " + phone_of_user_sql("t.address") + ")"},
        table_of("wallet_balances"),
        table_of("wallet_transactions"),
        {"ledger",
         "SELECT to_jsonb(t) || jsonb_build_object('account', e.account, 'amount', e.amount)"
         " FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id"
         " WHERE e.user_id = $1::bigint"},
        table_of("ledger_holds"),
        table_of("withdrawals"),
        {"referrals",
         "SELECT to_jsonb(t) FROM referrals t WHERE $1::bigint IN (t.referrer_id, t.referred_id)"},
        table_of("cashback_events"),
        {"cashback_transitions",
         "SELECT to_jsonb(t) FROM cashback_transitions t JOIN affiliate_transactions a"
         " ON a.id = t.source_id WHERE a.user_id = $1::bigint"},
        table_of("cashback_reminders"),
        table_of("affiliate_transactions"),
        {"postbacks",
         "SELECT to_jsonb(t) FROM cashback_jobs t WHERE t.type = 'postback' AND t.data ->> 'click'"
         " IN (SELECT click_id::text FROM affiliate_transactions WHERE user_id = $1::bigint)"},
        {"audit_logs",
         std::string("SELECT to_jsonb(a) FROM audit_logs a WHERE ") + audit_of_user_sql},
        table_of("privacy_erasures"),
    };
}

// A back end's own table may be missing, or lack a column.
bool is_not_there(const PgError& error) {
    constexpr std::array<std::string_view, 4> states{"42P01", "42703", "42883", "42P02"};
    return std::find(states.begin(), states.end(), error.sqlstate()) != states.end();
}

bool write_rows(PgConnection& pg, std::ostream& out) {
    bool any = false;
    while (true) {
        const auto rows = pg.execute(fetch_sql);
        for (int row = 0; row < rows.rows(); ++row) {
            out << (any ? ",\n    " : "\n    ") << rows.text(row, 0);
            any = true;
        }
        if (rows.rows() == 0) {
            return any;
        }
    }
}

void write_part(PgConnection& pg, const Part& part, const std::string& user, std::ostream& out) {
    const auto cursor =
        "DECLARE part NO SCROLL CURSOR FOR SELECT coupon_without_secrets(line)::text"
        " FROM (" +
        part.rows + ") AS lines (line)";
    out << ",\n  \"" << part.name << "\": ";
    pg.execute("SAVEPOINT part");
    try {
        pg.execute(cursor.c_str(), {user});
    } catch (const PgError& error) {
        if (!is_not_there(error)) {
            throw;
        }
        pg.execute("ROLLBACK TO part");
        out << "null";
        return;
    }
    out << '[';
    out << (write_rows(pg, out) ? "\n  ]" : "]");
    pg.execute("CLOSE part");
}

void write_document(PgConnection& pg, const std::string& user, std::ostream& out) {
    out << "{\n  \"user_id\": " << user << ",\n  \"exported_at\": \"" << iso_time(unix_now_ms())
        << '"';
    for (const auto& part : parts()) {
        write_part(pg, part, user, out);
    }
    out << "\n}\n" << std::flush;
    if (!out) {
        throw CommandError("privacy export: the document cannot be written: " +
                           std::string(std::strerror(errno)));
    }
}

}  // namespace

void export_user(const std::string& who, const std::string& path, const std::string& actor,
                 std::ostream& out) {
    auto pg = configured_postgres(deadline_ms);
    const auto user = find_user(pg, who);
    // On its own, before anybody has seen anything.
    write_audit(pg, {actor.empty() ? current_user() : actor, "privacy.export", "users", user,
                     nlohmann::ordered_json::object()});
    PgTransaction snapshot(pg);
    pg.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    if (path.empty()) {
        write_document(pg, user, out);
        return;
    }
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        throw CommandError("privacy export: cannot make " + path + ": " + std::strerror(errno));
    }
    __gnu_cxx::stdio_filebuf<char> buffer(fd, std::ios::out | std::ios::binary);
    std::ostream file(&buffer);
    try {
        write_document(pg, user, file);
    } catch (...) {
        ::unlink(path.c_str());
        throw;
    }
    out << "user " << user << " is exported to " << path << '\n';
}

}  // namespace coupon
