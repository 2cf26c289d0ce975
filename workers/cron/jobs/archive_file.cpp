#include "cron/jobs/archive_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "cron/jobs/durable_file.hpp"
#include "cron/jobs/gzip.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr const char* begin_sql =
    "INSERT INTO archived_files (name, host, source) VALUES ($1 || '-' ||"
    " to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"') || '-' ||"
    " left(gen_random_uuid()::text, 8) || '.ndjson.gz', $2, $1) RETURNING name";
constexpr const char* count_sql =
    "UPDATE archived_files SET rows = rows + $2::bigint, bytes = $3::bigint WHERE name = $1";
constexpr const char* finish_sql =
    "UPDATE archived_files SET finished_at = now() WHERE name = $1 AND rows > 0";
constexpr const char* forget_sql = "DELETE FROM archived_files WHERE name = $1 AND rows = 0";
// Locked, so that who still writes one of them is waited for.
constexpr const char* unfinished_sql =
    "SELECT name, bytes FROM archived_files WHERE host = $1 AND finished_at IS NULL FOR UPDATE";

std::string this_host() {
    std::string name(256, '\0');
    if (::gethostname(name.data(), name.size() - 1) != 0) {
        return "unknown";
    }
    name.resize(name.find('\0'));
    return name;
}

void cut(const std::string& path, std::int64_t bytes) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) {
        if (errno == ENOENT && bytes == 0) {
            return;
        }
        fail_file("open", path);
    }
    if (::ftruncate(fd.get(), bytes) != 0 || ::fsync(fd.get()) != 0) {
        fail_file("cut", path);
    }
}

}  // namespace

void repair_archive(PgConnection& pg, const std::string& folder) {
    PgTransaction transaction(pg);
    const auto files = pg.execute(unfinished_sql, {this_host()});
    for (int row = 0; row < files.rows(); ++row) {
        const std::string name(files.text(row, 0));
        const auto path = folder + "/" + name;
        cut(path, files.number(row, 1));
        if (files.number(row, 1) == 0) {
            std::error_code ignored;  // an empty file harms nobody
            std::filesystem::remove(path, ignored);
            pg.execute(forget_sql, {name});
        } else {
            pg.execute(finish_sql, {name});
        }
    }
    transaction.commit();
}

ArchiveFile::ArchiveFile(PgConnection& pg, const std::string& folder, const std::string& source)
    : pg_(pg), name_(pg.execute(begin_sql, {source, this_host()}).text(0, 0)) {
    path_ = folder + "/" + name_;
    fd_ = UniqueFd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
    if (!fd_) {
        fail_file("make", path_);
    }
    sync_folder(folder);
}

void ArchiveFile::append(std::string_view lines, std::int64_t rows) {
    // What a transaction that was rolled back left behind.
    if (::ftruncate(fd_.get(), bytes_) != 0) {
        fail_file("cut", path_);
    }
    const auto member = gzip(lines);
    write_all(fd_.get(), member, path_);
    if (::fsync(fd_.get()) != 0) {
        fail_file("sync", path_);
    }
    bytes_ += static_cast<std::int64_t>(member.size());
    rows_ += rows;
    pg_.execute(count_sql, {name_, std::to_string(rows), std::to_string(bytes_)});
}

void ArchiveFile::finish() {
    if (rows_ > 0) {
        pg_.execute(finish_sql, {name_});
        return;
    }
    std::error_code ignored;  // an empty file harms nobody
    std::filesystem::remove(path_, ignored);
    pg_.execute(forget_sql, {name_});
}

}  // namespace coupon
