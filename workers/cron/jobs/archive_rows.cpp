#include "cron/jobs/archive_rows.hpp"

#include "cron/jobs/archive_file.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr const char* rows_max = "2000";
// A webhook may have 2 MB, twice that as hex: a batch ends behind the row that goes beyond this.
constexpr const char* batch_bytes = "16777216";

// Rows that somebody works on are left for the next time; those that are chosen stay where they are
// because they are locked.
std::string take_sql(const ArchiveSource& source) {
    return "WITH old AS (SELECT t.ctid AS place, row_number() OVER () AS number, " + source.bytes +
           " AS bytes FROM (SELECT ctid, * FROM " + source.table + " AS t WHERE " + source.where +
           " ORDER BY t." + source.order +
           " LIMIT $2::bigint FOR UPDATE SKIP LOCKED) AS t),"
           " batch AS (SELECT place, sum(bytes) OVER (ORDER BY number) - bytes AS before FROM old),"
           " gone AS (DELETE FROM " +
           source.table +
           " AS d WHERE d.ctid = ANY (ARRAY(SELECT place FROM batch WHERE before < $3::bigint))"
           " RETURNING to_jsonb(d) AS row)"
           " SELECT row::text FROM gone";
}

std::string lines_of(const PgResult& rows) {
    std::string lines;
    for (int row = 0; row < rows.rows(); ++row) {
        lines.append(rows.text(row, 0)).append("\n");
    }
    return lines;
}

}  // namespace

std::int64_t archive_rows(CronRun& run, const std::string& folder, const ArchiveSource& source,
                          int days) {
    const auto sql = take_sql(source);
    ArchiveFile file(run.pg, folder, source.table);
    std::int64_t moved = 0;
    std::int64_t taken = 1;
    while (taken > 0 && !run.stop.requested()) {
        PgTransaction transaction(run.pg);
        run.fence();
        const auto rows =
            run.pg.execute(sql.c_str(), {std::to_string(days), rows_max, batch_bytes});
        taken = rows.rows();
        if (taken > 0) {
            file.append(lines_of(rows), taken);
        }
        transaction.commit();
        moved += taken;
    }
    file.finish();
    return moved;
}

}  // namespace coupon
