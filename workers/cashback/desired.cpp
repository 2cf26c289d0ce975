#include "cashback/desired.hpp"

#include <map>
#include <set>

#include "cashback/commission_rules.hpp"
#include "cashback/result_row.hpp"
#include "cashback/unmatched_reasons.hpp"

namespace coupon {
namespace {

constexpr const char* rates_sql =
    "SELECT asked.place, (round(asked.sale * found.rate / 100, 2) * 100)::bigint,"
    "  (round(asked.commission * found.rate / 100, 2) * 100)::bigint"
    " FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])"
    "  AS asked (place, currency, ms, sale, commission)"
    " CROSS JOIN LATERAL (SELECT rate FROM exchange_rates r"
    "  WHERE r.currency = asked.currency AND r.into_currency = $6"
    "   AND r.valid_from <= timestamptz 'epoch' + asked.ms * interval '1 millisecond'"
    "  ORDER BY r.valid_from DESC LIMIT 1) AS found";

std::int64_t happened_ms(const TransactionRow& row) {
    return row.occurred_ms.value_or(row.clicked_ms.value_or(0));
}

void convert(PgConnection& pg, const std::string& currency, const TransactionRows& rows,
             std::vector<Desired>& desired) {
    PgArray places, currencies, times, sales, commissions;
    for (std::size_t place = 0; place < rows.size(); ++place) {
        const auto& row = rows[place];
        if (!row.is_matched() || desired[place].is_known) {
            continue;
        }
        desired[place].reason = row.currency.empty()
                                    ? "the network names no currency"
                                    : reasons::no_rate + row.currency + " to " + currency;
        places.add(static_cast<std::int64_t>(place));
        currencies.add(row.currency);
        times.add(happened_ms(row));
        add_optional(sales, row.sale);
        add_optional(commissions, row.commission);
    }
    if (places.empty()) {
        return;
    }
    const auto found =
        pg.execute(rates_sql, {places.literal(), currencies.literal(), times.literal(),
                               sales.literal(), commissions.literal(), currency});
    for (int i = 0; i < found.rows(); ++i) {
        ResultRow converted(found, i);
        auto& one = desired[static_cast<std::size_t>(converted.number())];
        one.is_known = true;
        one.reason.clear();
        one.sale = converted.optional_number();
        one.commission = converted.number();
    }
}

using RulesOfMerchants = std::map<std::int64_t, std::vector<CommissionRule>>;

RulesOfMerchants load_rules(PgConnection& pg, const TransactionRows& rows) {
    std::set<std::int64_t> merchants;
    for (const auto& row : rows) {
        if (row.is_matched()) {
            merchants.insert(*row.merchant_id);
        }
    }
    RulesOfMerchants rules;
    for (auto& rule : load_commission_rules(pg, merchants)) {
        rules[rule.merchant_id].push_back(std::move(rule));
    }
    return rules;
}

}  // namespace

std::vector<Desired> desired_of(PgConnection& pg, const std::string& currency,
                                const TransactionRows& rows) {
    std::vector<Desired> desired(rows.size());
    for (std::size_t place = 0; place < rows.size(); ++place) {
        const auto& row = rows[place];
        if (row.is_matched() && row.currency == currency) {
            desired[place].is_known = true;
            desired[place].commission = row.commission.value_or(0);
            desired[place].sale = row.sale;
        }
    }
    convert(pg, currency, rows, desired);
    auto rules = load_rules(pg, rows);
    for (std::size_t place = 0; place < rows.size(); ++place) {
        auto& one = desired[place];
        if (!one.is_known) {
            continue;
        }
        const auto& row = rows[place];
        const auto at_ms = happened_ms(row);
        one.share_ms = at_ms;
        const auto* rule =
            rule_for(rules[*row.merchant_id], *row.merchant_id, row.category_id, at_ms);
        if (rule == nullptr) {
            one.reason = reasons::no_rule;
            continue;
        }
        one.has_rule = true;
        one.problem = rule->problem;
        if (one.problem.empty()) {
            auto share = share_of(*rule, one.sale, one.commission);
            one.cashback = share.paise;
            one.reason = std::move(share.reason);
        }
    }
    return desired;
}

}  // namespace coupon
