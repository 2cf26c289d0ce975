#include "couponctl/privacy/erase_steps.hpp"

#include "couponctl/privacy/person.hpp"
#include "couponctl/privacy/personal_columns.hpp"
#include "operations/forget_messages.hpp"
#include "operations/message_queue.hpp"

namespace coupon {
namespace {

// Months that were detached are tables of their own, and hold clicks all the same.
constexpr const char* click_tables_sql =
    "SELECT c.oid::regclass::text,"
    " EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'click_id' AND atttypid = 'uuid'::regtype)"
    " FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
    " AND c.relname ~ '^offer_clicks_([0-9]{4}_[0-9]{2}|default|legacy)$'"
    " AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'user_id')"
    " ORDER BY c.relname";

constexpr const char* may_be_empty_sql =
    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND NOT attisdropped"
    " AND NOT attnotnull AND attname = ANY ($2::text[]) ORDER BY attnum";

// Over rows with the alias a.
constexpr const char* withdrawal_open = "a.status::text IN ('pending', 'approved')";
constexpr const char* order_open =
    "(a.status::text IN ('processing', 'review') OR a.payment_status::text = 'authorized'"
    " OR (a.status::text = 'pending' AND a.created_at > now() - interval '1 day')"
    " OR EXISTS (SELECT FROM payments p WHERE p.order_id = a.id"
    "  AND p.status::text IN ('created', 'pending', 'authorized')"
    "  AND p.created_at > now() - interval '7 days'))";

std::string in_flight_sql() {
    return std::string("SELECT 'withdrawal ' || a.id || ' is ' || a.status FROM withdrawals a"
                       " WHERE a.user_id = $1::bigint AND ") +
           withdrawal_open +
           " UNION ALL SELECT 'order ' || a.id || ' is ' || a.status || ', its payment ' || a.payment_status"
           " FROM orders a WHERE a.user_id = $1::bigint AND " +
           order_open +
           " UNION ALL SELECT 'hold ' || id || ' of ' || amount || ' is open' FROM ledger_holds"
           "  WHERE user_id = $1::bigint AND status = 'open'"
           " UNION ALL SELECT 'cashback ' || id || ' of ' || cashback_amount || ' is ' || status"
           "  FROM cashback_events WHERE user_id = $1::bigint AND status::text IN ('pending', 'confirmed')"
           " UNION ALL SELECT 'the wallet holds ' || available FROM wallet_balances"
           "  WHERE user_id = $1::bigint AND available <> 0";
}

// Two statements, so that the second sees what the first has waited for. `change` is "UPDATE t AS a SET …".
EraseStep step_of(const std::string& name, const std::string& table, const std::string& change,
                  const std::string& where) {
    return {name, "SELECT count(*) FROM " + table + " a WHERE " + where,
            "SELECT a.ctid FROM " + table + " a WHERE " + where + " LIMIT $2::bigint FOR UPDATE OF a",
            change + " WHERE a.ctid = ANY ($2::tid[]) AND $1::bigint IS NOT NULL"};
}

// Rows of `table` (alias a) for which `where` holds, which it does no more once they are written.
EraseStep update_step(const std::string& name, const std::string& table,
                      const std::string& assignments, const std::string& where) {
    return step_of(name, table, "UPDATE " + table + " AS a SET " + assignments, where);
}

EraseStep delete_step(const std::string& name, const std::string& table, const std::string& where) {
    return step_of(name, table, "DELETE FROM " + table + " AS a", where);
}

class Planner {
  public:
    explicit Planner(PgConnection& pg) : pg_(pg) {}

    ErasePlan plan(bool keep_kyc, bool despite_money) {
        add_clicks();
        plan_.steps.push_back(
            update_step("click_rejects", "click_rejects", "raw = ''",
                        "a.raw ~ ('\"user\":' || $1::bigint || '[,}]')"));
        add_messages();
        plan_.steps.push_back(update_step(
            "webhook_logs", "webhook_logs",
            "body = NULL, headers = '{}', query = NULL, fields = '{}', remote = NULL, raw = NULL",
            webhook_where()));
        add_columns(plan_.steps, "payments", "a.order_id IN (SELECT id FROM orders WHERE user_id = $1::bigint)",
                    {"gateway_response", "error_message"});
        plan_.steps.push_back(update_step("audit_logs", "audit_logs", "details = '{}'",
                                          std::string(audit_of_user_sql) +
                                              " AND a.action::text IS DISTINCT FROM 'privacy.erase'"
                                              " AND a.details::text <> '{}'"));
        plan_.steps.push_back(delete_step(
            "suppressions (bounces)", "suppressions",
            std::string("a.reason = 'bounce' AND ((a.channel = 'email' AND a.address IN (") +
                user_email_sql + ")) OR (a.channel = 'sms' AND " + phone_of_user_sql("a.address::text") + "))"));
        const std::string own = "a.user_id = $1::bigint";
        plan_.steps.push_back(delete_step("user_sessions", "user_sessions", own));
        if (!keep_kyc) {
            add_columns(plan_.steps, "user_kyc", own);
        }
        const auto closed = [&](const char* open) {
            return despite_money ? own : own + " AND (" + open + ") IS NOT TRUE";
        };
        add_columns(plan_.last, "withdrawals", closed(withdrawal_open));
        add_columns(plan_.last, "orders", closed(order_open));
        add_user();
        return std::move(plan_);
    }

  private:
    void add_clicks() {
        const auto tables = pg_.execute(click_tables_sql);
        for (int row = 0; row < tables.rows(); ++row) {
            add_clicks_of(std::string(tables.text(row, 0)), tables.text(row, 1) == "t");
        }
    }

    // What a transaction was matched by stays: it is what the ledger's entries are proved with.
    void add_clicks_of(const std::string& table, bool has_ids) {
        const std::string accounted =
            !has_ids ? "false"
                     : "COALESCE(a.click_id = ANY (ARRAY(SELECT x.click_id FROM affiliate_transactions x"
                       " WHERE x.user_id = $1::bigint AND x.click_id IS NOT NULL UNION SELECT x.click_id FROM"
                       " cashback_events x WHERE x.user_id = $1::bigint AND x.click_id IS NOT NULL)), false)";
        std::string assignments, present;
        const auto columns = pg_.execute(
            may_be_empty_sql,
            {table, "{ip_address,user_agent,referrer_url,user_id,frontend_click_id}"});
        for (int row = 0; row < columns.rows(); ++row) {
            const std::string name(columns.text(row, 0));
            const bool link = name == "user_id" || name == "frontend_click_id";
            assignments += (row == 0 ? "" : ", ") + name + " = " +
                           (link ? "CASE WHEN " + accounted + " THEN a." + name + " END" : "NULL");
            present += (row == 0 ? "(" : " OR ") +
                       (link ? "(a." + name + " IS NOT NULL AND NOT " + accounted + ")"
                             : "a." + name + " IS NOT NULL");
        }
        if (!assignments.empty()) {
            plan_.steps.push_back(update_step(table, table, assignments,
                                              "a.user_id = $1::bigint AND " + present + ")"));
        }
    }

    // What was not sent yet will not be.
    void add_messages() {
        for (const auto& queue : message_queues) {
            const std::string table = queue.table;
            const auto mine = message_of_user_sql(table);
            plan_.steps.push_back(update_step(
                table + " (not sent)", table,
                "status = 'completed', delivery_status = 'expired', finished_at = now(),"
                " lease_token = NULL, lease_until = NULL",
                mine + " AND a.status IN ('pending', 'failed') AND " + message_known_sql));
            plan_.steps.back().again = true;
            plan_.steps.push_back(update_step(table, table, forget_message_set,
                                              mine + " AND a.status = 'completed' AND " + message_known_sql));
            plan_.steps.back().again = true;
        }
    }

    // A dead letter may be replayed, and moves money then: it keeps what it needs for that.
    static std::string webhook_where() {
        return webhook_names_user_sql() +
               " AND a.status = 'completed' AND (a.body IS NOT NULL OR a.remote IS NOT NULL OR a.query IS"
               " NOT NULL OR a.raw IS NOT NULL OR a.headers <> '{}' OR a.fields <> '{}')";
    }

    // By its id, and locked before anything at the end is looked at.
    void add_user() {
        auto columns = personal_columns(pg_, "users");
        plan_.kept.insert(plan_.kept.end(), columns.kept.begin(), columns.kept.end());
        const std::string mine = " WHERE a.id = $1::bigint";
        const auto left = mine + " AND " + columns.present;
        plan_.user = {"users", "SELECT count(*) FROM users a" + left,
                      "SELECT FROM users a" + mine + " FOR UPDATE",
                      columns.assignments.empty()
                          ? "SELECT FROM users a" + left
                          : "UPDATE users AS a SET " + columns.assignments + left};
    }

    void add_columns(std::vector<EraseStep>& steps, const std::string& table, const std::string& own,
                     const std::vector<std::string>& only = {}) {
        auto columns = personal_columns(pg_, table, only);
        plan_.kept.insert(plan_.kept.end(), columns.kept.begin(), columns.kept.end());
        if (!columns.assignments.empty()) {
            steps.push_back(
                update_step(table, table, columns.assignments, own + " AND " + columns.present));
        }
    }

    PgConnection& pg_;
    ErasePlan plan_;
};

}  // namespace

ErasePlan plan_erasure(PgConnection& pg, bool keep_kyc, bool despite_money) {
    return Planner(pg).plan(keep_kyc, despite_money);
}

std::int64_t messages_in_flight(PgConnection& pg, const std::string& user) {
    std::int64_t messages = 0;
    for (const auto& queue : message_queues) {
        const auto sql = std::string("SELECT count(*) FROM ") + queue.table +
                         " WHERE status = 'processing' AND " + message_of_user_sql(queue.table);
        messages += pg.execute(sql.c_str(), {user}).number(0, 0);
    }
    return messages;
}

std::vector<std::string> money_in_flight(PgConnection& pg, const std::string& user) {
    const auto rows = pg.execute(in_flight_sql().c_str(), {user});
    std::vector<std::string> reasons;
    for (int row = 0; row < rows.rows(); ++row) {
        reasons.emplace_back(rows.text(row, 0));
    }
    return reasons;
}

}  // namespace coupon
