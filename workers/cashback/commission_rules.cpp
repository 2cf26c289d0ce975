#include "cashback/commission_rules.hpp"

#include "cashback/result_row.hpp"

namespace coupon {
namespace {

// The columns are FastAPI's, which may hold more digits, or nothing.
constexpr const char* rules_sql =
    "SELECT id, merchant_id, category_id, cashback_type::text, round(cashback_value * 100)::bigint,"
    "  cashback_value = round(cashback_value, 2), round(max_cashback * 100)::bigint,"
    "  round(min_order_amount * 100)::bigint,"
    "  (extract(epoch FROM valid_from::timestamptz) * 1000)::bigint,"
    "  (extract(epoch FROM valid_to::timestamptz) * 1000)::bigint"
    " FROM merchant_commissions WHERE merchant_id = ANY ($1::bigint[])";

CommissionRule read_rule(ResultRow row) {
    CommissionRule rule;
    rule.id = row.number();
    rule.merchant_id = row.number();
    rule.category_id = row.optional_number();
    const auto type = row.text();
    const auto value = row.optional_number();
    const bool is_exact = row.flag();
    rule.max_cashback = row.optional_number();
    rule.min_order = row.optional_number();
    rule.valid_from_ms = row.optional_number();
    rule.valid_to_ms = row.optional_number();
    rule.value = value.value_or(0);
    rule.percentage = type == "percentage";
    const auto name = "merchant_commissions " + std::to_string(rule.id);
    if (!rule.percentage && type != "fixed") {
        rule.problem = name + " has the unknown cashback_type '" + type.substr(0, 64) + "'";
    } else if (!value || !is_exact || rule.value < 0) {
        rule.problem = name + " has a cashback_value that is no amount in hundredths";
    }
    return rule;
}

}  // namespace

std::vector<CommissionRule> load_commission_rules(PgConnection& pg,
                                                  const std::set<std::int64_t>& merchants) {
    std::vector<CommissionRule> rules;
    if (merchants.empty()) {
        return rules;
    }
    PgArray ids;
    for (const auto merchant : merchants) {
        ids.add(merchant);
    }
    const auto found = pg.execute(rules_sql, {ids.literal()});
    rules.reserve(static_cast<std::size_t>(found.rows()));
    for (int i = 0; i < found.rows(); ++i) {
        rules.push_back(read_rule(ResultRow(found, i)));
    }
    return rules;
}

}  // namespace coupon
