#include "couponctl/migrate.hpp"

#include <map>

#include "couponctl/migration_files.hpp"
#include "couponctl/settings.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 60 * 60 * 1000;  // a large table may be rewritten

// Waits for another migrate instead of failing on what it is making; and gives up on a table that
// FastAPI keeps locked.
constexpr const char* session_sql =
    "SET client_min_messages = warning;"
    "SELECT pg_advisory_lock(hashtext('couponctl migrate'));"
    "SET lock_timeout = '30s';"
    "CREATE TABLE IF NOT EXISTS coupon_migrations ("
    " name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";

constexpr const char* applied_sql = "SELECT name, digest FROM coupon_migrations";
constexpr const char* remember_sql = "INSERT INTO coupon_migrations (name, digest) VALUES ($1, $2)";

std::map<std::string, std::string> read_applied(PgConnection& pg) {
    std::map<std::string, std::string> applied;
    const auto rows = pg.execute(applied_sql);
    for (int row = 0; row < rows.rows(); ++row) {
        applied.emplace(rows.text(row, 0), rows.text(row, 1));
    }
    return applied;
}

void apply(PgConnection& pg, const MigrationFile& file) {
    try {
        PgTransaction transaction(pg);
        pg.execute_script(file.text);
        pg.execute(remember_sql, {file.name, file.digest});
        transaction.commit();
    } catch (const PgError& error) {
        throw CommandError("migrate: " + file.name + " is not applied: " + error.what());
    }
}

}  // namespace

void migrate(const std::string& sql_directory, std::ostream& out) {
    const auto files = read_migration_files(sql_directory);
    auto pg = configured_postgres(deadline_ms);
    pg.on_notice([&out](const std::string& text) { out << text << '\n'; });
    pg.execute_script(session_sql);
    const auto applied = read_applied(pg);
    std::size_t count = 0;
    for (const auto& file : files) {
        const auto known = applied.find(file.name);
        if (known == applied.end()) {
            apply(pg, file);
            out << "applied " << file.name << '\n';
            ++count;
        } else if (known->second != file.digest) {
            throw CommandError("migrate: " + file.name +
                               " has changed since it was applied: put the change into a new file");
        }
    }
    out << (count == 0 ? "nothing to do: " : "done: ") << files.size() << " files are applied\n";
}

}  // namespace coupon
