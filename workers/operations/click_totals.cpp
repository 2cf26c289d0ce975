#include "operations/click_totals.hpp"

#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

// What the index journal_segments_open holds, word by word, and the rest.
#define OPEN_SEGMENT "(sealed IS NULL OR settled <> int8multirange(int8range(0, sealed)))"

// Of these everything is settled, so nothing has to be taken apart.
constexpr const char* complete_sql =
    "SELECT COALESCE(sum(served), 0)::bigint, COALESCE(sum(sealed), 0)::bigint,"
    " COALESCE(sum(greatest(served - sealed, 0)), 0)::bigint,"
    " COALESCE(sum(unjournaled), 0)::bigint FROM journal_segments"
    " WHERE kind = 'clicks' AND audited_at IS NULL AND NOT " OPEN_SEGMENT;

constexpr const char* open_sql =
    "SELECT id::text, COALESCE(served, 0), COALESCE(done, 0),"
    " greatest(COALESCE(sealed, served, 0) - COALESCE(done, 0), 0),"
    " greatest(COALESCE(served, 0) - sealed, 0), unjournaled"
    " FROM journal_segments, LATERAL (SELECT sum(upper(part) - lower(part))::bigint AS done"
    "  FROM unnest(settled) AS part) AS settlement"
    " WHERE kind = 'clicks' AND audited_at IS NULL AND " OPEN_SEGMENT;

#undef OPEN_SEGMENT

constexpr const char* rejected_sql = "SELECT count(*) FROM click_rejects WHERE segment IS NOT NULL";

}  // namespace

ClickTotals read_click_totals(PgConnection& pg) {
    PgTransaction snapshot(pg);
    pg.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    ClickTotals totals;
    const auto complete = pg.execute(complete_sql);
    totals.served = complete.number(0, 0);
    totals.settled = complete.number(0, 1);
    totals.missing = complete.number(0, 2);
    totals.unjournaled = complete.number(0, 3);
    const auto open = pg.execute(open_sql);
    for (int row = 0; row < open.rows(); ++row) {
        totals.served += open.number(row, 1);
        totals.settled += open.number(row, 2);
        totals.pending += open.number(row, 3);
        totals.missing += open.is_null(row, 4) ? 0 : open.number(row, 4);
        totals.unjournaled += open.number(row, 5);
        totals.open.push_back(
            {std::string(open.text(row, 0)), open.number(row, 2), open.number(row, 3)});
    }
    totals.rejected = pg.execute(rejected_sql).number(0, 0);
    return totals;
}

}  // namespace coupon
