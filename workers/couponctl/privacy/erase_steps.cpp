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

constexpr const char* in_flight_sql =
    "SELECT 'withdrawal ' || id || ' is ' || status FROM withdrawals"
    "  WHERE user_id = $1::bigint AND status::text IN ('pending', 'approved')"
    " UNION ALL SELECT 'order ' || id || ' is ' || status || ', its payment ' || payment_status"
    "  FROM orders WHERE user_id = $1::bigint AND (status::text IN ('processing', 'review')"
    "   OR payment_status::text = 'authorized'"
    "   OR (status::text = 'pending' AND created_at > now() - interval '1 day'))"
    " UNION ALL SELECT 'hold ' || id || ' of ' || amount || ' is open' FROM ledger_holds"
    "  WHERE user_id = $1::bigint AND status = 'open'"
    " UNION ALL SELECT 'cashback ' || id || ' of ' || cashback_amount || ' is ' || status"
    "  FROM cashback_events WHERE user_id = $1::bigint AND status::text IN ('pending', 'confirmed')"
    " UNION ALL SELECT 'the wallet holds ' || available FROM wallet_balances"
    "  WHERE user_id = $1::bigint AND available <> 0";

// Rows of `table` (alias a) for which `where` holds, which it does no more once they are written.
EraseStep update_step(const std::string& name, const std::string& table,
                      const std::string& assignments, const std::string& where) {
    return {name, "SELECT count(*) FROM " + table + " a WHERE " + where,
            "UPDATE " + table + " AS a SET " + assignments + " WHERE a.ctid = ANY (ARRAY(SELECT a.ctid FROM " +
                table + " a WHERE " + where + " LIMIT $2::bigint FOR UPDATE))"};
}

EraseStep delete_step(const std::string& name, const std::string& table, const std::string& where) {
    return {name, "SELECT count(*) FROM " + table + " a WHERE " + where,
            "DELETE FROM " + table + " AS a WHERE a.ctid = ANY (ARRAY(SELECT a.ctid FROM " + table +
                " a WHERE " + where + " LIMIT $2::bigint FOR UPDATE))"};
}

class Planner {
  public:
    explicit Planner(PgConnection& pg) : pg_(pg) {}

    ErasePlan plan(bool keep_kyc) {
        add_clicks();
        plan_.steps.push_back(
            update_step("click_rejects", "click_rejects", "raw = ''",
                        "a.raw ~ ('\"user\":' || $1::bigint || '[,}]')"));
        add_messages();
        plan_.steps.push_back(update_step(
            "webhook_logs", "webhook_logs",
            "body = NULL, headers = '{}', query = NULL, fields = '{}', remote = NULL, raw = NULL",
            webhook_where()));
        add_columns("payments", "a.order_id IN (SELECT id FROM orders WHERE user_id = $1::bigint)",
                    {"gateway_response", "error_message"});
        plan_.steps.push_back(update_step("audit_logs", "audit_logs", "details = '{}'",
                                          std::string(audit_of_user_sql) +
                                              " AND a.action::text IS DISTINCT FROM 'privacy.erase'"
                                              " AND a.details::text <> '{}'"));
        plan_.steps.push_back(delete_step(
            "suppressions (bounces)", "suppressions",
            std::string("a.reason = 'bounce' AND ((a.channel = 'email' AND a.address IN (") +
                user_email_sql + ")) OR (a.channel = 'sms' AND coupon_phone_digits(a.address) IN (" +
                user_phone_sql + ")))"));
        const std::string own = "a.user_id = $1::bigint";
        plan_.steps.push_back(delete_step("user_sessions", "user_sessions", own));
        add_columns("withdrawals", own);
        if (!keep_kyc) {
            add_columns("user_kyc", own);
        }
        add_columns("orders", own);
        add_columns("users", "a.id = $1::bigint");
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
            const auto sent = mine + " AND status = 'completed'";
            plan_.steps.push_back(
                {table, "SELECT count(*) FROM " + table + " WHERE " + sent + " AND " + message_known_sql,
                 forget_messages_sql(table, sent)});
        }
    }

    // A dead letter may be replayed, and moves money then: it keeps what it needs for that.
    static std::string webhook_where() {
        return std::string(webhook_of_user_sql) +
               " AND a.status = 'completed' AND (a.body IS NOT NULL OR a.remote IS NOT NULL OR a.query IS"
               " NOT NULL OR a.raw IS NOT NULL OR a.headers <> '{}' OR a.fields <> '{}')";
    }

    void add_columns(const std::string& table, const std::string& own,
                     const std::vector<std::string>& only = {}) {
        auto columns = personal_columns(pg_, table, only);
        plan_.kept.insert(plan_.kept.end(), columns.kept.begin(), columns.kept.end());
        if (!columns.assignments.empty()) {
            plan_.steps.push_back(
                update_step(table, table, columns.assignments, own + " AND " + columns.present));
        }
    }

    PgConnection& pg_;
    ErasePlan plan_;
};

}  // namespace

ErasePlan plan_erasure(PgConnection& pg, bool keep_kyc) {
    return Planner(pg).plan(keep_kyc);
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
    const auto rows = pg.execute(in_flight_sql, {user});
    std::vector<std::string> reasons;
    for (int row = 0; row < rows.rows(); ++row) {
        reasons.emplace_back(rows.text(row, 0));
    }
    return reasons;
}

}  // namespace coupon
