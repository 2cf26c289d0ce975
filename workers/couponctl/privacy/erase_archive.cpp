#include "couponctl/privacy/erase_archive.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "couponctl/privacy/archive_lines.hpp"
#include "couponctl/privacy/person.hpp"
#include "cron/jobs/durable_file.hpp"
#include "cron/jobs/gzip.hpp"
#include "journal/file_lock.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr std::size_t member_bytes = 4 << 20;

constexpr const char* lock_sql =
    "SELECT pg_try_advisory_lock(hashtext('couponctl privacy archive'), 0)";
constexpr const char* files_sql =
    "SELECT name, source, finished_at IS NULL FROM archived_files ORDER BY name";
constexpr const char* resize_sql =
    "UPDATE archived_files SET rows = $2::bigint, bytes = $3::bigint"
    " WHERE name = $1 AND finished_at IS NOT NULL";
constexpr const char* orders_sql = "SELECT id FROM orders WHERE user_id = $1::bigint";
constexpr const char* webhooks_sql =
    "SELECT e.log_id FROM webhook_events e JOIN payments p ON p.id = e.payment_id"
    " JOIN orders o ON o.id = p.order_id WHERE o.user_id = $1::bigint AND e.log_id IS NOT NULL";
constexpr const char* clicks_sql =
    "SELECT click_id FROM affiliate_transactions WHERE user_id = $1::bigint AND click_id IS NOT "
    "NULL";

using Texts = std::set<std::string, std::less<>>;

std::string text_of(const nlohmann::json& row, const char* name) {
    const auto member = row.find(name);
    if (member == row.end() || member->is_null()) {
        return "";
    }
    return member->is_string() ? member->get<std::string>() : member->dump();
}

// Which rows of each source are the user's.
class Belongings {
  public:
    Belongings(PgConnection& pg, const std::string& user)
        : pg_(pg),
          user_(user),
          orders_(ask(pg, orders_sql, user)),
          webhooks_(ask(pg, webhooks_sql, user)),
          clicks_(ask(pg, clicks_sql, user)),
          emails_(ask(pg, user_email_sql, user)) {}

    [[nodiscard]] bool has(const std::string& source, std::string_view line) {
        const auto row = nlohmann::json::parse(line, nullptr, false);
        if (!row.is_object()) {
            return false;
        }
        const auto data = row.find("data");
        const auto& inside = data != row.end() && data->is_object() ? *data : row;
        if (source == "webhook_logs") {
            return webhooks_.count(text_of(row, "id")) > 0;
        }
        if (source == "outbox") {
            return orders_.count(text_of(row, "order_id")) > 0;
        }
        if (source == "cashback_jobs") {
            return clicks_.count(text_of(inside, "click")) > 0;
        }
        return orders_.count(text_of(inside, "order_id")) > 0 ||
               (source == "email_queue" && emails_.count(lower(text_of(row, "to"))) > 0) ||
               (source == "sms_queue" && is_users_number(text_of(row, "to")));
    }

  private:
    static Texts ask(PgConnection& pg, const char* sql, const std::string& user) {
        const auto rows = pg.execute(sql, {user});
        Texts texts;
        for (int row = 0; row < rows.rows(); ++row) {
            texts.emplace(rows.text(row, 0));
        }
        return texts;
    }

    // PostgreSQL compares, as it does for the tables; a file names the same people again and again.
    bool is_users_number(const std::string& number) {
        constexpr std::size_t remembered_max = 100'000;
        if (const auto known = numbers_.find(number); known != numbers_.end()) {
            return known->second;
        }
        if (numbers_.size() >= remembered_max) {
            numbers_.clear();
        }
        const auto answer =
            pg_.execute(("SELECT " + phone_of_user_sql("$2::text")).c_str(), {user_, number});
        return numbers_[number] = answer.text(0, 0) == "t";
    }

    static std::string lower(std::string text) {
        std::transform(text.begin(), text.end(), text.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        return text;
    }

    PgConnection& pg_;
    const std::string user_;
    Texts orders_, webhooks_, clicks_, emails_;
    std::map<std::string, bool> numbers_;
};

// The file beside it that takes its place.
class Successor {
  public:
    Successor(int folder, const std::string& name) : folder_(folder), path_(name + ".new") {
        ::unlinkat(folder_, path_.c_str(), 0);  // of a run that was killed
        fd_ = UniqueFd(::openat(folder_, path_.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!fd_) {
            fail_file("make", path_);
        }
    }
    ~Successor() { ::unlinkat(folder_, path_.c_str(), 0); }  // gone where it has taken the place
    Successor(const Successor&) = delete;
    Successor& operator=(const Successor&) = delete;

    void add(std::string_view line) {
        lines_.append(line).append("\n");
        ++rows_;
        if (lines_.size() >= member_bytes) {
            write();
        }
    }

    void take_place_of(const std::string& name, const struct stat& old) {
        if (!lines_.empty()) {
            write();
        }
        if (::fchown(fd_.get(), old.st_uid, old.st_gid) != 0) {
            fail_file("give its owner to", name);
        }
        if (::fsync(fd_.get()) != 0 ||
            ::renameat(folder_, path_.c_str(), folder_, name.c_str()) != 0 ||
            ::fsync(folder_) != 0) {
            fail_file("put in its place", name);
        }
    }

    [[nodiscard]] std::string rows() const { return std::to_string(rows_); }
    [[nodiscard]] std::string bytes() const { return std::to_string(bytes_); }

  private:
    void write() {
        const auto member = gzip(lines_);
        write_all(fd_.get(), member, path_);
        bytes_ += member.size();
        lines_.clear();
    }

    int folder_;
    std::string path_;
    UniqueFd fd_;
    std::string lines_;
    std::size_t rows_ = 0, bytes_ = 0;
};

// Names come from a table that others may write.
bool is_plain(const std::string& name) {
    return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos;
}

std::int64_t erase_from_file(PgConnection& pg, int folder, const std::string& name,
                             const std::string& source, Belongings& belongings) {
    const UniqueFd file(
        ::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat old {};
    if (!file || ::fstat(file.get(), &old) != 0 || !S_ISREG(old.st_mode) ||
        ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        throw CommandError("privacy erase: " + name +
                           " of the archive cannot be opened, is no file, or somebody works on it");
    }
    std::int64_t mine = 0;
    read_archive_lines(file.get(), name,
                       [&](std::string_view line) { mine += belongings.has(source, line); });
    if (mine == 0) {
        return 0;
    }
    Successor successor(folder, name);
    read_archive_lines(file.get(), name, [&](std::string_view line) {
        if (!belongings.has(source, line)) {
            successor.add(line);
        }
    });
    // A kill between the two leaves a count that is too high, of a file that is whole.
    successor.take_place_of(name, old);
    pg.execute(resize_sql, {name, successor.rows(), successor.bytes()});
    return mine;
}

}  // namespace

std::int64_t erase_from_archive(PgConnection& pg, const std::string& folder,
                                const std::string& user, std::ostream& out) {
    const UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) {
        fail_file("open", folder);
    }
    if (pg.execute(lock_sql).text(0, 0) != "t") {
        throw CommandError(
            "privacy erase: another one goes through the archive; try again in a minute");
    }
    const auto files = pg.execute(files_sql);
    std::vector<std::pair<std::string, std::string>> here;
    for (int row = 0; row < files.rows(); ++row) {
        const std::string name(files.text(row, 0));
        if (!is_plain(name)) {
            throw CommandError(
                "privacy erase: archived_files names a file that is none of the archive's");
        }
        struct stat ignored {};
        if (::fstatat(directory.get(), name.c_str(), &ignored, AT_SYMLINK_NOFOLLOW) != 0) {
            out << "not here, and not gone through: " << name << '\n';
        } else if (files.text(row, 2) == "t") {
            throw CommandError("privacy erase: nothing was done, since " + name +
                               " of the archive is still being written; try again in a minute");
        } else {
            here.emplace_back(name, files.text(row, 1));
        }
    }
    Belongings belongings(pg, user);
    std::int64_t erased = 0;
    for (const auto& [name, source] : here) {
        erased += erase_from_file(pg, directory.get(), name, source, belongings);
    }
    return erased;
}

}  // namespace coupon
