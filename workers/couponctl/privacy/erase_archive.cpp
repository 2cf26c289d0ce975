#include "couponctl/privacy/erase_archive.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "couponctl/privacy/archive_lines.hpp"
#include "couponctl/privacy/person.hpp"
#include "cron/jobs/durable_file.hpp"
#include "cron/jobs/gzip.hpp"
#include "journal/file_lock.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t member_bytes = 4 << 20;

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
    "SELECT click_id FROM affiliate_transactions WHERE user_id = $1::bigint AND click_id IS NOT NULL";

using Texts = std::set<std::string, std::less<>>;

std::string digits_of(std::string_view number) {
    std::string digits;
    for (const char c : number) {
        if (c >= '0' && c <= '9') {
            digits += c;
        }
    }
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
    constexpr std::size_t significant = 10;
    return digits.substr(digits.size() - std::min(digits.size(), significant));
}

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
        : orders_(ask(pg, orders_sql, user)),
          webhooks_(ask(pg, webhooks_sql, user)),
          clicks_(ask(pg, clicks_sql, user)),
          emails_(ask(pg, user_email_sql, user)),
          phones_(ask(pg, user_phone_sql, user)) {}

    [[nodiscard]] bool has(const std::string& source, std::string_view line) const {
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
               (source == "sms_queue" && phones_.count(digits_of(text_of(row, "to"))) > 0);
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

    static std::string lower(std::string text) {
        std::transform(text.begin(), text.end(), text.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        return text;
    }

    Texts orders_, webhooks_, clicks_, emails_, phones_;
};

// The file beside it that takes its place.
class Successor {
  public:
    explicit Successor(const std::string& path) : path_(path + ".new") {
        ::unlink(path_.c_str());  // of a run that was killed
        fd_ = UniqueFd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!fd_) {
            fail_file("make", path_);
        }
    }
    ~Successor() { ::unlink(path_.c_str()); }  // gone where it has taken the place
    Successor(const Successor&) = delete;
    Successor& operator=(const Successor&) = delete;

    void add(std::string_view line) {
        lines_.append(line).append("\n");
        ++rows_;
        if (lines_.size() >= member_bytes) {
            write();
        }
    }

    void take_place_of(const std::string& path) {
        if (!lines_.empty()) {
            write();
        }
        struct stat old {};
        if (::stat(path.c_str(), &old) == 0 && ::fchown(fd_.get(), old.st_uid, old.st_gid) != 0) {
            fail_file("give its owner to", path_);
        }
        if (::fsync(fd_.get()) != 0 || ::rename(path_.c_str(), path.c_str()) != 0) {
            fail_file("put in its place", path_);
        }
        sync_folder(fs::path(path).parent_path().string());
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

    std::string path_;
    UniqueFd fd_;
    std::string lines_;
    std::size_t rows_ = 0, bytes_ = 0;
};

std::int64_t erase_from_file(PgConnection& pg, const std::string& path, const std::string& name,
                             const std::string& source, const Belongings& belongings) {
    const UniqueFd lock(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        throw CommandError("privacy erase: " + path + " cannot be opened, or somebody works on it");
    }
    std::int64_t mine = 0;
    read_archive_lines(path, [&](std::string_view line) { mine += belongings.has(source, line); });
    if (mine == 0) {
        return 0;
    }
    Successor successor(path);
    read_archive_lines(path, [&](std::string_view line) {
        if (!belongings.has(source, line)) {
            successor.add(line);
        }
    });
    // A kill between the two leaves a count that is too high, of a file that is whole.
    successor.take_place_of(path);
    pg.execute(resize_sql, {name, successor.rows(), successor.bytes()});
    return mine;
}

}  // namespace

std::int64_t erase_from_archive(PgConnection& pg, const std::string& folder,
                                const std::string& user, std::ostream& out) {
    const Belongings belongings(pg, user);
    std::int64_t erased = 0;
    const auto files = pg.execute(files_sql);
    for (int row = 0; row < files.rows(); ++row) {
        const std::string name(files.text(row, 0));
        const auto path = folder + "/" + name;
        std::error_code ignored;
        if (!fs::exists(path, ignored)) {
            out << "not here, and not gone through: " << name << '\n';
        } else if (files.text(row, 2) == "t") {
            out << "still being written, and not gone through: " << name << '\n';
        } else {
            erased += erase_from_file(pg, path, name, std::string(files.text(row, 1)), belongings);
        }
    }
    return erased;
}

}  // namespace coupon
