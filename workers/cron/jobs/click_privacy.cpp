#include "cron/jobs/click_privacy.hpp"

#include <string>
#include <vector>

#include "cron/jobs/batches.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr std::int64_t blocks_a_step = 256;  // 2 MB: a step is short, and so are its locks

// Tables that may hold clicks from before the cut that were not gone through: name, blocks, the
// cut. A partition that begins behind the cut has none; one that was gone through up to its end has
// none left. The table from before the partitions is the back end's: it counts where it has the
// columns and they may be empty.
constexpr const char* tables_sql =
    "WITH cut AS (SELECT now() - make_interval(days => $1::int) AS at),"
    " tables AS (SELECT inhrelid AS id FROM pg_inherits WHERE inhparent = 'offer_clicks'::regclass"
    "  UNION ALL SELECT c.oid FROM pg_class c WHERE c.oid = to_regclass('offer_clicks_legacy')"
    "  AND 4 = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped"
    "   AND (a.attname = 'clicked_at' OR (NOT a.attnotnull"
    "    AND a.attname IN ('ip_address', 'user_agent', 'referrer_url'))))),"
    " named AS (SELECT id::regclass::text AS name, pg_relation_size(id) AS bytes,"
    "  (to_date(substring(relname FROM '[0-9]{4}_[0-9]{2}$'), 'YYYY_MM')::timestamp"
    "   AT TIME ZONE 'UTC') AS month FROM tables JOIN pg_class ON pg_class.oid = id)"
    " SELECT n.name, n.bytes / current_setting('block_size')::bigint, cut.at::text"
    " FROM named n CROSS JOIN cut LEFT JOIN click_privacy p ON p.partition = n.name"
    " WHERE n.month IS NULL OR (n.month < cut.at"
    "  AND (p.up_to IS NULL OR p.up_to < n.month + interval '1 month')) ORDER BY n.name";

constexpr const char* done_sql =
    "INSERT INTO click_privacy (partition, up_to) VALUES ($1, $2::timestamptz)"
    " ON CONFLICT (partition) DO UPDATE SET up_to = GREATEST(click_privacy.up_to, excluded.up_to)";

constexpr const char* rejects_sql =
    "UPDATE click_rejects SET raw = '' WHERE ctid = ANY (ARRAY(SELECT ctid FROM click_rejects"
    " WHERE created_at < now() - make_interval(days => $1::int) AND raw <> '' LIMIT $2::bigint))";

struct ClickTable {
    std::string name, cut;
    std::int64_t blocks;
};

std::vector<ClickTable> tables_to_go_through(CronRun& run, int days) {
    std::vector<ClickTable> tables;
    const auto rows = run.pg.execute(tables_sql, {std::to_string(days)});
    for (int row = 0; row < rows.rows(); ++row) {
        tables.push_back(
            {std::string(rows.text(row, 0)), std::string(rows.text(row, 2)), rows.number(row, 1)});
    }
    return tables;
}

std::string block(std::int64_t number) {
    return "(" + std::to_string(number) + ",0)";
}

// By its blocks: needs no index, and each is read once.
std::int64_t forget_in(CronRun& run, const ClickTable& table) {
    const auto sql = "UPDATE " + table.name +
                     " SET ip_address = NULL, user_agent = NULL, referrer_url = NULL"
                     " WHERE ctid >= $1::tid AND ctid < $2::tid AND clicked_at < $3::timestamptz"
                     " AND (ip_address IS NOT NULL OR user_agent IS NOT NULL"
                     " OR referrer_url IS NOT NULL)";
    std::int64_t forgotten = 0;
    for (std::int64_t first = 0; first < table.blocks; first += blocks_a_step) {
        if (run.stop.requested()) {
            return forgotten;
        }
        PgTransaction transaction(run.pg);
        run.fence();
        forgotten +=
            run.pg.execute(sql.c_str(), {block(first), block(first + blocks_a_step), table.cut})
                .affected();
        transaction.commit();
    }
    run.pg.execute(done_sql, {table.name, table.cut});
    return forgotten;
}

}  // namespace

std::int64_t forget_visitors(CronRun& run, int days) {
    std::int64_t forgotten = 0;
    for (const auto& table : tables_to_go_through(run, days)) {
        forgotten += forget_in(run, table);
    }
    return forgotten + repeat_batches(run, rejects_sql, {std::to_string(days)});
}

}  // namespace coupon
