#include "journal/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>

namespace coupon {

namespace {

constexpr std::chrono::milliseconds kFolderPatience{10000};
constexpr std::string_view kSegmentSuffix = ".seg";
constexpr std::string_view kUnfinishedSuffix = ".new";

std::vector<std::string> list_names(const std::string& path) {
    std::vector<std::string> names;
    std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
    if (folder) {
        while (const dirent* entry = ::readdir(folder.get())) {
            if (entry->d_name[0] != '.') {
                names.emplace_back(entry->d_name);
            }
        }
    }
    return names;
}

// "<kind>-<uuid>" and its suffix.
std::optional<SegmentName> parse_name(std::string_view name) {
    SegmentName parsed;
    if (name.ends_with(kUnfinishedSuffix)) {
        parsed.unfinished = true;
    } else if (!name.ends_with(kSegmentSuffix)) {
        return std::nullopt;
    }
    name.remove_suffix(kSegmentSuffix.size());
    size_t dash = name.find('-');
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    auto kind = parse_kind(name.substr(0, dash));
    auto segment = parse_uuid(name.substr(dash + 1));
    if (!kind || !segment) {
        return std::nullopt;
    }
    parsed.kind = *kind;
    parsed.segment = *segment;
    return parsed;
}

bool stat_file(SegmentName& name) {
    struct stat status {};
    if (::lstat(name.path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return false;
    }
    name.file_bytes = static_cast<uint64_t>(status.st_size);
    return true;
}

}  // namespace

std::optional<FileLock> lock_folder(const std::string& directory, std::string& error) {
    return FileLock::take(directory + "/lock", FileLock::Mode::exclusive, kFolderPatience, error);
}

std::string writers_path(const std::string& directory) {
    return directory + "/writers";
}

std::string writer_path(const std::string& directory, const Uuid& owner) {
    return writers_path(directory) + "/" + to_string(owner);
}

std::string settled_path(const std::string& directory) {
    return directory + "/settled";
}

std::string segment_name(JournalKind kind, const Uuid& segment) {
    return std::string(kind_name(kind)) + "-" + to_string(segment) + std::string(kSegmentSuffix);
}

std::string settled_name(uint64_t settled_ms, JournalKind kind, const Uuid& segment) {
    return std::to_string(settled_ms) + "-" + segment_name(kind, segment);
}

std::vector<Uuid> list_owners(const std::string& directory) {
    std::vector<Uuid> owners;
    for (const std::string& name : list_names(writers_path(directory))) {
        if (auto owner = parse_uuid(name)) {
            owners.push_back(*owner);
        }
    }
    return owners;
}

std::vector<SegmentName> list_writer(const std::string& directory, const Uuid& owner) {
    std::vector<SegmentName> found;
    std::string folder = writer_path(directory, owner);
    for (const std::string& name : list_names(folder)) {
        auto parsed = parse_name(name);
        if (!parsed) {
            continue;
        }
        parsed->path = folder + "/" + name;
        parsed->owner = owner;
        if (stat_file(*parsed)) {
            found.push_back(std::move(*parsed));
        }
    }
    return found;
}

std::vector<SegmentName> list_settled(const std::string& directory) {
    std::vector<SegmentName> found;
    std::string folder = settled_path(directory);
    for (const std::string& name : list_names(folder)) {
        uint64_t settled_ms = 0;
        auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), settled_ms);
        auto at = static_cast<size_t>(end - name.data());
        if (error != std::errc{} || at >= name.size() || name[at] != '-') {
            continue;
        }
        auto parsed = parse_name(std::string_view(name).substr(at + 1));
        if (!parsed || parsed->unfinished) {
            continue;
        }
        parsed->path = folder + "/" + name;
        parsed->settled_ms = settled_ms;
        if (stat_file(*parsed)) {
            found.push_back(std::move(*parsed));
        }
    }
    std::sort(found.begin(), found.end(), [](const SegmentName& left, const SegmentName& right) {
        return left.settled_ms < right.settled_ms;
    });
    return found;
}

OwnerState owner_state(const std::string& directory, const Uuid& owner) {
    std::string path = writer_path(directory, owner) + "/lock";
    std::string error;
    auto lock = FileLock::try_take(path, FileLock::Mode::shared, false, error);
    if (lock || (::access(path.c_str(), F_OK) != 0 && errno == ENOENT)) {
        return OwnerState::dead;
    }
    return error.empty() ? OwnerState::alive : OwnerState::unknown;
}

bool make_folder(const std::string& path, std::string& error) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) {
        return true;
    }
    error = system_error("create", path, errno);
    return false;
}

bool sync_folder(const std::string& path, std::string& error) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) {
        error = system_error("sync", path, errno);
        return false;
    }
    return true;
}

}  // namespace coupon
