#include "cron/jobs/click_privacy.hpp"

#include <string>
#include <vector>

#include "cron/jobs/batches.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr std::int64_t blocks_a_step = 256;  // 2 MB: a step is short, and so are its locks

// Tables that may hold clicks from before the cut that were not gone through: name, blocks, the
// cut, what PostgreSQL has counted as inserted, what to write, what to look for, and what may not
// be empty. A partition that begins behind the cut has none; one that was gone through up to its
// end has none left unless something was inserted since. The table from before the partitions is
// the back end's: it counts with the columns that it has.
constexpr const char* tables_sql =
    "WITH cut AS (SELECT now() - make_interval(days => $1::int) AS at),"
    " tables AS (SELECT inhrelid AS id FROM pg_inherits WHERE inhparent = 'offer_clicks'::regclass"
    "  UNION ALL SELECT attrelid FROM pg_attribute WHERE attname = 'clicked_at'"
    "   AND attrelid = to_regclass('offer_clicks_legacy')"
    "   AND atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype)),"
    " named AS (SELECT id, id::regclass::text AS name, pg_relation_size(id) AS bytes,"
    "  pg_stat_get_tuples_inserted(id) AS inserts,"
    "  (to_date(substring(relname FROM '[0-9]{4}_[0-9]{2}$'), 'YYYY_MM')::timestamp"
    "   AT TIME ZONE 'UTC') AS month FROM tables JOIN pg_class ON pg_class.oid = id)"
    " SELECT n.name, n.bytes / current_setting('block_size')::bigint, cut.at::text, n.inserts,"
    "  personal.empty, personal.there, personal.kept"
    " FROM named n CROSS JOIN cut LEFT JOIN click_privacy p ON p.partition = n.name"
    " CROSS JOIN LATERAL (SELECT"
    "   string_agg(attname || ' = NULL', ', ') FILTER (WHERE NOT attnotnull) AS empty,"
    "   string_agg(attname || ' IS NOT NULL', ' OR ') FILTER (WHERE NOT attnotnull) AS there,"
    "   string_agg(attname, ', ') FILTER (WHERE attnotnull) AS kept"
    "  FROM pg_attribute WHERE attrelid = n.id AND NOT attisdropped"
    "   AND attname IN ('ip_address', 'user_agent', 'referrer_url')) AS personal"
    " WHERE n.month IS NULL OR (n.month < cut.at"
    "  AND (p.up_to IS NULL OR p.up_to < n.month + interval '1 month' OR p.inserts <> n.inserts))"
    " ORDER BY n.name";

constexpr const char* done_sql =
    "INSERT INTO click_privacy (partition, up_to, inserts) VALUES ($1, $2::timestamptz, $3::bigint)"
    " ON CONFLICT (partition) DO UPDATE SET up_to = GREATEST(click_privacy.up_to, excluded.up_to),"
    " inserts = excluded.inserts";

constexpr const char* rejects_sql =
    "UPDATE click_rejects SET raw = '' WHERE ctid = ANY (ARRAY(SELECT ctid FROM click_rejects"
    " WHERE created_at < now() - make_interval(days => $1::int) AND raw <> '' LIMIT $2::bigint))";

struct ClickTable {
    std::string name, cut, inserts;
    std::int64_t blocks;
    std::string empty, there;  // SQL, from the columns' names
};

std::vector<ClickTable> tables_to_go_through(CronRun& run, int days) {
    std::vector<ClickTable> tables;
    const auto rows = run.pg.execute(tables_sql, {std::to_string(days)});
    for (int row = 0; row < rows.rows(); ++row) {
        const std::string name(rows.text(row, 0));
        if (!rows.is_null(row, 6)) {
            run.log.warn("visitors cannot be forgotten: columns of this table may not be empty",
                         {{"table", name}, {"columns", std::string(rows.text(row, 6))}});
        }
        if (!rows.is_null(row, 4)) {
            tables.push_back({name, std::string(rows.text(row, 2)), std::string(rows.text(row, 3)),
                              rows.number(row, 1), std::string(rows.text(row, 4)),
                              std::string(rows.text(row, 5))});
        }
    }
    return tables;
}

std::string block(std::int64_t number) {
    return "(" + std::to_string(number) + ",0)";
}

// By its blocks: needs no index, and each is read once.
std::int64_t forget_in(CronRun& run, const ClickTable& table) {
    const auto sql = "UPDATE " + table.name + " SET " + table.empty +
                     " WHERE ctid >= $1::tid AND ctid < $2::tid AND clicked_at < $3::timestamptz"
                     " AND (" +
                     table.there + ")";
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
    run.pg.execute(done_sql, {table.name, table.cut, table.inserts});
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
