#include "couponctl/doctor/privileges.hpp"

#include <array>

namespace coupon::doctor {
namespace {

struct Need {
    const char* table;
    const char* privileges;
};

// Tables of the migrations, and what is done with them.
constexpr std::array<Need, 54> needs{{
    {"affiliate_transactions", "SELECT,INSERT,UPDATE"},
    {"alert_posts", "SELECT,INSERT,DELETE"},
    {"alerts", "SELECT,INSERT,UPDATE"},
    {"archived_files", "SELECT,INSERT,UPDATE,DELETE"},
    {"audit_logs", "SELECT,INSERT,DELETE"},
    {"cashback_events", "SELECT,INSERT,UPDATE"},
    {"cashback_jobs", "SELECT,INSERT,UPDATE,DELETE"},
    {"cashback_reminders", "SELECT,INSERT"},
    {"cashback_transitions", "SELECT,INSERT"},
    {"catalog_log", "SELECT,DELETE"},
    {"categories", "SELECT"},
    {"click_privacy", "SELECT,INSERT,UPDATE"},
    {"click_rejects", "SELECT,INSERT,UPDATE"},
    {"cron_jobs", "SELECT,INSERT,UPDATE,DELETE"},
    {"cron_runs", "SELECT,INSERT,UPDATE,DELETE"},
    {"email_queue", "SELECT,INSERT,UPDATE,DELETE"},
    {"exchange_rates", "SELECT"},
    {"journal_segments", "SELECT,INSERT,UPDATE"},
    {"ledger_entries", "SELECT,INSERT"},
    {"ledger_holds", "SELECT,INSERT,UPDATE"},
    {"ledger_seals", "SELECT,INSERT"},
    {"ledger_settings", "SELECT"},
    {"ledger_transactions", "SELECT,INSERT"},
    {"merchant_commissions", "SELECT"},
    {"merchants", "SELECT"},
    {"message_events", "SELECT,INSERT,DELETE"},
    {"network_cursors", "SELECT,INSERT,UPDATE"},
    {"network_runs", "SELECT,INSERT,UPDATE"},
    {"network_tokens", "SELECT,INSERT,UPDATE"},
    {"offer_clicks", "SELECT,INSERT,UPDATE"},
    {"offer_clicks_all", "SELECT"},
    {"offer_clicks_default", "SELECT,INSERT,UPDATE,DELETE"},
    {"offers", "SELECT,UPDATE"},
    {"order_items", "SELECT,UPDATE"},
    {"orders", "SELECT,UPDATE"},
    {"outbox", "SELECT,INSERT,UPDATE,DELETE"},
    {"payments", "SELECT,UPDATE"},
    {"privacy_erasures", "SELECT,INSERT,UPDATE"},
    {"product_variants", "SELECT,UPDATE"},
    {"products", "SELECT"},
    {"referrals", "SELECT"},
    {"roles_seen", "SELECT,INSERT,UPDATE"},
    {"sms_queue", "SELECT,INSERT,UPDATE,DELETE"},
    {"suppressions", "SELECT,INSERT,DELETE"},
    {"user_kyc", "SELECT,UPDATE"},
    {"user_sessions", "SELECT,DELETE"},
    {"users", "SELECT,UPDATE"},
    {"wallet_balances", "SELECT,INSERT,UPDATE"},
    {"wallet_transactions", "SELECT,INSERT"},
    {"webhook_events", "SELECT,INSERT,UPDATE"},
    {"webhook_logs", "SELECT,INSERT,UPDATE,DELETE"},
    {"withdrawals", "SELECT,UPDATE"},
    {"worker_beats", "SELECT,INSERT,UPDATE,DELETE"},
    {"worker_rates", "SELECT,INSERT,UPDATE,DELETE"},
}};

constexpr std::array<const char*, 16> functions{
    "coupon_ensure_click_partitions", "coupon_message_key", "coupon_key_digest",
    "coupon_forgotten_recipient", "coupon_keyed_digest", "coupon_event_key", "wallet_post", "wallet_hold", "wallet_release", "wallet_pay_out",
    "wallet_expire", "wallet_reverse", "ledger_seal", "ledger_problems", "cashback_credit",
    "cashback_reverse"};

constexpr const char* missing_sql =
    "SELECT privilege || ' on ' || need.tab"
    " FROM unnest($1::text[], $2::text[]) AS need (tab, privileges)"
    " CROSS JOIN LATERAL unnest(string_to_array(need.privileges, ',')) AS privilege"
    " WHERE to_regclass(need.tab) IS NOT NULL"
    " AND NOT has_table_privilege(to_regclass(need.tab), privilege)"
    " UNION ALL "
    // A column of the back end's may take its value from a sequence.
    " SELECT 'USAGE on SEQUENCE ' || d.refobjid::regclass FROM pg_depend d"
    " JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid"
    " JOIN pg_class s ON s.oid = d.refobjid"
    " JOIN unnest($1::text[], $2::text[]) AS need (tab, privileges) ON a.adrelid = to_regclass(need.tab)"
    " WHERE d.refclassid = 'pg_class'::regclass AND need.privileges LIKE '%INSERT%'"
    " AND CASE s.relkind WHEN 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') END"
    " UNION ALL "
    " SELECT 'EXECUTE on FUNCTION ' || p.oid::regprocedure FROM pg_proc p"
    " WHERE p.proname = ANY ($3::text[]) AND p.pronamespace = current_schema()::regnamespace"
    " AND NOT has_function_privilege(p.oid, 'EXECUTE')";

constexpr const char* absent_sql =
    "SELECT tab FROM unnest($1::text[]) AS tab WHERE to_regclass(tab) IS NULL UNION ALL"
    " SELECT name || '()' FROM unnest($2::text[]) AS name WHERE NOT EXISTS (SELECT FROM pg_proc"
    "  WHERE proname = name AND pronamespace = current_schema()::regnamespace)";

constexpr const char* role_sql =
    "SELECT current_user, COALESCE((SELECT pg_has_role(relowner, 'USAGE') FROM pg_class"
    " WHERE oid = to_regclass('offer_clicks')), true),"
    " has_schema_privilege(current_schema(), 'CREATE')";

std::vector<std::string> column(const PgResult& rows) {
    std::vector<std::string> texts;
    for (int row = 0; row < rows.rows(); ++row) {
        texts.emplace_back(rows.text(row, 0));
    }
    return texts;
}

}  // namespace

PrivilegeLook look_at_privileges(PgConnection& pg) {
    PgArray tables, privileges, names;
    for (const auto& need : needs) {
        tables.add(need.table);
        privileges.add(need.privileges);
    }
    for (const auto* name : functions) {
        names.add(name);
    }
    PrivilegeLook look;
    look.missing =
        column(pg.execute(missing_sql, {tables.literal(), privileges.literal(), names.literal()}));
    look.missing_objects = column(pg.execute(absent_sql, {tables.literal(), names.literal()}));
    const auto role = pg.execute(role_sql);
    look.role = role.text(0, 0);
    look.owns_clicks = role.text(0, 1) == "t";
    look.may_create = role.text(0, 2) == "t";
    return look;
}

}  // namespace coupon::doctor
