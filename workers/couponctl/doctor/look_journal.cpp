#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "couponctl/doctor/look_machine.hpp"
#include "journal/file_lock.hpp"

namespace coupon::doctor {
namespace {

namespace fs = std::filesystem;
using steady = std::chrono::steady_clock;

constexpr std::size_t files_max = 100'000;
constexpr int syncs = 5;

std::string user_name(uid_t uid) {
    const auto* entry = ::getpwuid(uid);
    return entry != nullptr ? entry->pw_name : std::to_string(uid);
}

// mountinfo writes spaces and the like as \040.
std::string unescaped(const std::string& text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size()) {
            plain += static_cast<char>(std::strtol(text.substr(i + 1, 3).c_str(), nullptr, 8));
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

bool is_below(const std::string& path, const std::string& folder) {
    return folder == "/" || path == folder ||
           (path.starts_with(folder) && path[folder.size()] == '/');
}

// Of mounts over each other the last one counts.
void look_at_mount(const std::string& path, JournalFacts& facts) {
    std::ifstream mounts("/proc/self/mountinfo");
    std::string line;
    while (std::getline(mounts, line)) {
        std::istringstream words(line);
        std::vector<std::string> word(6);
        for (auto& one : word) {
            words >> one;
        }
        const auto rest = line.find(" - ");
        const auto point = unescaped(word[4]);
        if (rest == std::string::npos || !is_below(path, point) ||
            point.size() < facts.mount_point.size()) {
            continue;
        }
        std::istringstream kind(line.substr(rest + 3));
        std::string device, options;
        kind >> facts.file_system >> device >> options;
        facts.mount_point = point;
        facts.mount_options = word[5] + (options.empty() ? "" : "," + options);
    }
}

std::uint64_t bytes_below(const std::string& directory) {
    std::uint64_t bytes = 0;
    std::size_t files = 0;
    std::error_code error;
    fs::recursive_directory_iterator entry(directory, error);
    for (; !error && entry != fs::recursive_directory_iterator() && files < files_max;
         entry.increment(error), ++files) {
        struct stat file {};
        if (::lstat(entry->path().c_str(), &file) == 0) {
            bytes += static_cast<std::uint64_t>(file.st_blocks) * 512;
        }
    }
    return bytes;
}

// A file without a name, gone with its descriptor. Nothing where the file system has no such files,
// or we may not write there.
std::optional<std::int64_t> median_sync_us(const std::string& directory) {
    const UniqueFd fd(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
    if (!fd) {
        return std::nullopt;
    }
    const std::array<char, 4096> page{};
    std::array<std::int64_t, syncs> samples{};
    for (auto& sample : samples) {
        const auto start = steady::now();
        if (::write(fd.get(), page.data(), page.size()) !=
                static_cast<ssize_t>(page.size()) ||
            ::fdatasync(fd.get()) != 0) {
            return std::nullopt;
        }
        sample = std::chrono::duration_cast<std::chrono::microseconds>(steady::now() - start).count();
    }
    std::sort(samples.begin(), samples.end());
    return samples[syncs / 2];
}

}  // namespace

JournalFacts look_at_journal(const std::string& directory, const NginxSettings& settings) {
    JournalFacts facts;
    facts.directory = directory;
    struct stat folder {};
    if (::stat(directory.c_str(), &folder) != 0) {
        facts.failure = std::string("it cannot be looked at: ") + std::strerror(errno);
        return facts;
    }
    if (!S_ISDIR(folder.st_mode)) {
        facts.failure = "it is no folder";
        return facts;
    }
    std::error_code error;
    const auto path = fs::canonical(directory, error);
    look_at_mount(error ? directory : path.string(), facts);
    facts.mode = folder.st_mode & 07777;
    facts.owner = user_name(folder.st_uid);
    facts.expected_owner = settings.user;
    facts.budget_bytes = settings.budget_bytes;
    struct statvfs space {};
    if (::statvfs(directory.c_str(), &space) == 0) {
        facts.free_bytes = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
        facts.files = space.f_files;
        facts.free_files = space.f_favail;
    }
    facts.used_bytes = bytes_below(directory);
    facts.sync_us = median_sync_us(directory);
    return facts;
}

}  // namespace coupon::doctor
