#include "cron/jobs/archive_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "cron/jobs/durable_file.hpp"
#include "cron/jobs/gzip.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/worker_identity.hpp"

namespace coupon {
namespace {

constexpr const char* name_sql =
    "SELECT $1 || '-' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"') || '-' ||"
    " left(gen_random_uuid()::text, 8) || '.ndjson.gz'";
constexpr const char* begin_sql =
    "INSERT INTO archived_files (name, host, source) VALUES ($1, $2, $3)";
constexpr const char* count_sql =
    "UPDATE archived_files SET rows = rows + $2::bigint, bytes = $3::bigint"
    " WHERE name = $1 AND finished_at IS NULL";
constexpr const char* finish_sql =
    "UPDATE archived_files SET finished_at = now() WHERE name = $1 AND rows > 0";
constexpr const char* forget_sql = "DELETE FROM archived_files WHERE name = $1 AND rows = 0";
constexpr const char* unfinished_sql =
    "SELECT name FROM archived_files WHERE finished_at IS NULL ORDER BY name";
// Locked, so that a commit under way is waited for.
constexpr const char* committed_sql =
    "SELECT bytes FROM archived_files WHERE name = $1 AND finished_at IS NULL FOR UPDATE";

bool is_ours_alone(const UniqueFd& fd) {
    return ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
}

// False: there is less than that.
bool cut(const UniqueFd& fd, const std::string& path, std::int64_t bytes) {
    struct stat file {};
    if (::fstat(fd.get(), &file) != 0) {
        fail_file("look at", path);
    }
    if (file.st_size < bytes) {
        return false;
    }
    if (::ftruncate(fd.get(), bytes) != 0 || ::fsync(fd.get()) != 0) {
        fail_file("cut", path);
    }
    return true;
}

void end_file(PgConnection& pg, const std::string& name, const std::string& path, bool has_rows) {
    if (has_rows) {
        pg.execute(finish_sql, {name});
        return;
    }
    std::error_code ignored;  // an empty file harms nobody
    std::filesystem::remove(path, ignored);
    pg.execute(forget_sql, {name});
}

void repair(PgConnection& pg, const std::string& name, const std::string& path, const Log& log) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) {
        return;
    }
    if (!fd) {
        fail_file("open", path);
    }
    if (!is_ours_alone(fd)) {
        return;
    }
    PgTransaction transaction(pg);
    const auto committed = pg.execute(committed_sql, {name});
    if (committed.rows() == 0) {
        return;
    }
    if (!cut(fd, path, committed.number(0, 0))) {
        log.error("a file of the archive is shorter than what was archived in it",
                  {{"file", path}, {"bytes", committed.number(0, 0)}});
        return;
    }
    end_file(pg, name, path, committed.number(0, 0) > 0);
    transaction.commit();
}

}  // namespace

void repair_archive(PgConnection& pg, const std::string& folder, const Log& log) {
    const auto files = pg.execute(unfinished_sql);
    for (int row = 0; row < files.rows(); ++row) {
        const std::string name(files.text(row, 0));
        repair(pg, name, folder + "/" + name, log);
    }
}

ArchiveFile::ArchiveFile(PgConnection& pg, const std::string& folder, const std::string& source)
    : pg_(pg), name_(pg.execute(name_sql, {source}).text(0, 0)), path_(folder + "/" + name_) {
    fd_ = UniqueFd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
    if (!fd_) {
        fail_file("make", path_);
    }
    if (!is_ours_alone(fd_)) {
        fail_file("lock", path_);
    }
    sync_folder(folder);
    pg.execute(begin_sql, {name_, host_name(), source});
}

void ArchiveFile::append(std::string_view lines, std::int64_t rows) {
    const auto member = gzip(lines);
    try {
        write_member(member, rows);
    } catch (...) {
        // Nobody should read what was not committed, and a full disk needs the room.
        cut(fd_, path_, bytes_);
        throw;
    }
    bytes_ += static_cast<std::int64_t>(member.size());
    rows_ += rows;
}

void ArchiveFile::write_member(std::string_view member, std::int64_t rows) {
    write_all(fd_.get(), member, path_);
    if (::fsync(fd_.get()) != 0) {
        fail_file("sync", path_);
    }
    const auto bytes = bytes_ + static_cast<std::int64_t>(member.size());
    const auto counted =
        pg_.execute(count_sql, {name_, std::to_string(rows), std::to_string(bytes)});
    if (counted.affected() != 1) {
        throw CommandError("somebody ended " + path_ + " in archived_files while it was written");
    }
}

void ArchiveFile::finish() {
    end_file(pg_, name_, path_, rows_ > 0);
}

}  // namespace coupon
