#include "admin/access_lists.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "runtime/clock.hpp"

namespace coupon {
namespace {

constexpr std::size_t file_max_bytes = 1024 * 1024;
// The kernel stamps files with its tick: two changes within one look like one.
constexpr std::int64_t fresh_ns = 2'000'000'000;

std::int64_t nanoseconds(const timespec& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::optional<std::string> file_text(const std::string& path) {
    std::error_code error;
    std::ifstream file(path, std::ios::binary);
    if (!file.is_open() || !std::filesystem::is_regular_file(path, error)) {
        return std::nullopt;
    }
    std::string text(file_max_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text.size() > file_max_bytes ? std::nullopt : std::optional(std::move(text));
}

}  // namespace

WatchedCredentials::WatchedCredentials(std::string variable, std::string path, Parse parse,
                                       const Log& log)
    : variable_(std::move(variable)), path_(std::move(path)), parse_(parse), log_(log) {}

std::shared_ptr<const CredentialFile> WatchedCredentials::current() {
    const std::lock_guard lock(mutex_);
    if (!path_.empty()) {
        const auto now = stamp();
        if (!settled_ || !(now == seen_)) {
            seen_ = now;
            settled_ =
                unix_now_ms() * 1'000'000 - std::max(now.modified_ns, now.changed_ns) > fresh_ns;
            take(file_text(path_));
        }
    }
    return file_;
}

WatchedCredentials::Stamp WatchedCredentials::stamp() const noexcept {
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) {
        return {};
    }
    return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
            nanoseconds(status.st_ctim)};
}

void WatchedCredentials::take(std::optional<std::string> text) {
    if (taken_ && text == text_) {
        return;
    }
    taken_ = true;
    text_ = std::move(text);
    file_ = std::make_shared<const CredentialFile>(text_ ? parse_(*text_) : CredentialFile{});
    if (!text_) {
        log_.error("a file of credentials cannot be read; nobody in it is let in",
                   {{"setting", variable_}, {"path", path_}});
        return;
    }
    log_.info("read credentials", {{"setting", variable_},
                                   {"entries", static_cast<std::int64_t>(file_->entries.size())}});
    for (const auto& problem : file_->problems) {
        log_.warn("a line of a file of credentials is wrong",
                  {{"setting", variable_}, {"problem", problem}});
    }
}

std::optional<Credential> WatchedCredentials::find(const std::string& name) {
    const auto file = current();
    const auto found = std::find_if(file->entries.begin(), file->entries.end(),
                                    [&](const auto& entry) { return entry.name == name; });
    return found == file->entries.end() ? std::nullopt : std::optional(*found);
}

}  // namespace coupon
