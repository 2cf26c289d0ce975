#include "couponctl/cashback_unmatched.hpp"

#include "couponctl/settings.hpp"
#include "operations/since.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 30'000;

// Put aside counts as well: nobody gets anything for it.
#define COUPON_UNMATCHED                                                                       \
    " FROM affiliate_transactions WHERE (unmatched IS NOT NULL OR problem IS NOT NULL)"        \
    " AND ($1 = '' OR network = $1) AND ($2::interval IS NULL OR first_seen_at >= now() - $2)" \
    " AND ($3::timestamptz IS NULL OR first_seen_at >= $3)"

constexpr const char* list_sql =
    "SELECT to_char(first_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),"
    " network || ':' || transaction_id, state, COALESCE(commission::text, '-'),"
    " COALESCE(currency, '-'), COALESCE(subid, '-'), COALESCE(problem, unmatched)" COUPON_UNMATCHED
    " ORDER BY first_seen_at DESC, id DESC LIMIT $4::bigint";

constexpr const char* reasons_sql = "SELECT count(*), COALESCE(problem, unmatched)" COUPON_UNMATCHED
                                    " GROUP BY 2 ORDER BY 1 DESC, 2 LIMIT 10";

}  // namespace

void list_unmatched(const UnmatchedFilter& filter, std::ostream& out) {
    auto pg = configured_postgres(deadline_ms);
    const auto since = parse_since(filter.since);
    std::vector<PgParameter> values{filter.network, since.interval, since.time};
    const auto reasons = pg.execute(reasons_sql, values);
    values.emplace_back(std::to_string(filter.limit));
    const auto rows = pg.execute(list_sql, values);
    for (int row = 0; row < rows.rows(); ++row) {
        for (int column = 0; column < rows.columns(); ++column) {
            out << (column == 0 ? "" : "  ") << storable_text(rows.text(row, column));
        }
        out << '\n';
    }
    out << (reasons.rows() == 0 ? "nothing is unmatched\n" : "by reason:\n");
    for (int row = 0; row < reasons.rows(); ++row) {
        out << "  " << reasons.text(row, 0) << "  " << storable_text(reasons.text(row, 1)) << '\n';
    }
}

}  // namespace coupon
