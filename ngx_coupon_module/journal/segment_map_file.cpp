// Making and mapping segments.map.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "journal/file_lock.hpp"
#include "journal/file_space.hpp"
#include "journal/folder.hpp"
#include "journal/open_file.hpp"
#include "journal/segment_map.hpp"
#include "journal/segment_slot.hpp"

namespace coupon {

namespace {

constexpr size_t kMapHeader_bytes = 4096;
constexpr size_t kMap_bytes = kMapHeader_bytes + sizeof(SegmentSlot) * kSegmentSlots_max;

bool usable(const SegmentMapHeader& header) noexcept {
    return header.magic == kSegmentMapMagic && header.version == kSegmentMapVersion &&
           header.slot_bytes == sizeof(SegmentSlot) && header.slots == kSegmentSlots_max;
}

// Made under another name and renamed, so that the map is always whole; no store into it can hit
// a hole.
bool create_map(const std::string& path, std::string& error) {
    std::string temporary = path + ".new";
    ::unlink(temporary.c_str());  // of a process killed in the middle
    UniqueFd fd = open_file(temporary, O_RDWR | O_CREAT | O_EXCL, error);
    if (!fd) {
        return false;
    }
    SegmentMapHeader header{};
    header.magic = kSegmentMapMagic;
    header.version = kSegmentMapVersion;
    header.slot_bytes = sizeof(SegmentSlot);
    header.slots = kSegmentSlots_max;
    if (!allocate_file(fd.get(), temporary, kMap_bytes, error)) {
        ::unlink(temporary.c_str());
        return false;
    }
    if (::pwrite(fd.get(), &header, sizeof header, 0) != ssize_t{sizeof header} ||
        ::fsync(fd.get()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
        error = system_error("write", temporary, errno);
        ::unlink(temporary.c_str());
        return false;
    }
    return true;
}

// `unusable` tells a file that is no map of ours from a system that cannot open it now.
void* map_file(const std::string& path, bool writable, bool& unusable, std::string& error) {
    unusable = false;
    UniqueFd fd = open_file(path, writable ? O_RDWR : O_RDONLY, error);
    struct stat status {};
    if (!fd) {
        unusable = errno == EINVAL || errno == ELOOP;  // no file at all: a FIFO, a link
        return nullptr;
    }
    if (::fstat(fd.get(), &status) != 0) {
        error = system_error("open", path, errno);
        return nullptr;
    }
    if (static_cast<size_t>(status.st_size) != kMap_bytes) {
        unusable = true;
        error = path + " has " + std::to_string(status.st_size) + " bytes instead of " +
                std::to_string(kMap_bytes);
        return nullptr;
    }
    if (writable && !allocate_file(fd.get(), path, kMap_bytes, error)) {
        return nullptr;
    }
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    void* memory = ::mmap(nullptr, kMap_bytes, protection, MAP_SHARED, fd.get(), 0);
    if (memory == MAP_FAILED) {
        error = system_error("map", path, errno);
        return nullptr;
    }
    if (!usable(*static_cast<const SegmentMapHeader*>(memory))) {
        unusable = true;
        error = path + " is damaged or of another version";
        ::munmap(memory, kMap_bytes);
        return nullptr;
    }
    if (writable && !prefault_for_writing(memory, kMap_bytes, path, error)) {
        ::munmap(memory, kMap_bytes);
        return nullptr;
    }
    return memory;
}

}  // namespace

std::shared_ptr<SegmentMap> SegmentMap::open(const std::string& directory, std::string& error,
                                             std::string& warning) {
    error.clear();
    auto lock = lock_folder(directory, error);
    if (!lock) {
        return nullptr;
    }
    std::string path = directory + "/segments.map";
    bool unusable = false;
    void* memory = nullptr;
    if (::access(path.c_str(), F_OK) == 0) {
        memory = map_file(path, true, unusable, error);
        if (unusable) {
            std::string aside = path + ".damaged";
            warning = error + "; it is kept as " + aside +
                      ", counts that are not in PostgreSQL yet "
                      "are lost";
            error.clear();
            if (::rename(path.c_str(), aside.c_str()) != 0) {
                error = system_error("rename", path, errno);
            }
        }
        if (!error.empty()) {
            return nullptr;
        }
    }
    if (memory == nullptr && create_map(path, error)) {
        memory = map_file(path, true, unusable, error);
    }
    if (memory == nullptr) {
        return nullptr;
    }
    return std::shared_ptr<SegmentMap>(new SegmentMap(memory, kMap_bytes));
}

std::shared_ptr<const SegmentMap> SegmentMap::open_read_only(const std::string& directory,
                                                             std::string& error) {
    error.clear();
    bool unusable = false;
    void* memory = map_file(directory + "/segments.map", false, unusable, error);
    if (memory == nullptr) {
        return nullptr;
    }
    return std::shared_ptr<const SegmentMap>(new SegmentMap(memory, kMap_bytes));
}

SegmentMap::SegmentMap(void* memory, size_t bytes) noexcept
    : memory_(memory),
      bytes_(bytes),
      slots_(reinterpret_cast<SegmentSlot*>(static_cast<char*>(memory) + kMapHeader_bytes)) {}

SegmentMap::~SegmentMap() {
    ::munmap(memory_, bytes_);
}

}  // namespace coupon
