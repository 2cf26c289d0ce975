// The pieces of a snapshot file, for its writer and its reader (format: snapshot.hpp).
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include <unistd.h>

#include "core/crc32c.hpp"

namespace coupon {

struct SnapshotHeader {
    static constexpr std::uint64_t kMagic = 0x3150414e534e5043;  // "CPNSNAP1"

    std::uint64_t magic = kMagic;
    std::uint64_t system_identifier = 0;
    std::uint64_t cursor = 0;
    std::uint64_t entries = 0;
    std::uint32_t zero[7] = {};
    std::uint32_t crc = 0;

    std::uint32_t right_crc() const noexcept {
        return crc32c(0, this, offsetof(SnapshotHeader, crc));
    }
};
static_assert(sizeof(SnapshotHeader) == 64);

struct SnapshotRecord {
    std::uint32_t entry_bytes = 0;
    std::uint32_t crc = 0;

    std::uint32_t right_crc(const char* entry) const noexcept {
        return crc32c(crc32c(0, &entry_bytes, sizeof entry_bytes), entry, entry_bytes);
    }
};
static_assert(sizeof(SnapshotRecord) == 8);

// A file descriptor that is closed at the end of its scope.
class SnapshotFile {
  public:
    explicit SnapshotFile(int fd) noexcept : fd_(fd) {}
    ~SnapshotFile() {
        if (fd_ >= 0) {
            close(fd_);
        }
    }
    SnapshotFile(const SnapshotFile&) = delete;
    SnapshotFile& operator=(const SnapshotFile&) = delete;

    int fd() const noexcept { return fd_; }

  private:
    int fd_;
};

inline std::string system_error_text(const std::string& what) {
    return what + ": " + std::generic_category().message(errno);
}

}  // namespace coupon
