#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <stdexcept>
#include <vector>

#include "catalog/snapshot.hpp"
#include "catalog/snapshot_format.hpp"

namespace coupon {
namespace {

constexpr std::size_t kBufferBytes = 1024 * 1024;
constexpr std::size_t kBucketsAtATime = 1024;

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(system_error_text(what));
}

void write_all(int fd, const char* data, std::size_t size, off_t offset) {
    while (size > 0) {
        const ssize_t written = pwrite(fd, data, size, offset);
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            fail("cannot write the snapshot");
        }
        data += written;
        offset += written;
        size -= static_cast<std::size_t>(written);
    }
}

// Only one process writes: what another one has under its lock is not touched.
int open_temporary(const std::string& path) {
    const int fd =
        open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) {
        fail("cannot create " + path);
    }
    struct stat locked {};
    struct stat named {};
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &locked) != 0 ||
        stat(path.c_str(), &named) != 0 || locked.st_ino != named.st_ino) {
        close(fd);
        throw std::runtime_error(path + " is being written by another process");
    }
    if (!S_ISREG(locked.st_mode)) {
        close(fd);
        throw std::runtime_error(path + " is not a regular file");
    }
    return fd;
}

void sync_directory(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const SnapshotFile file(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (file.fd() < 0 || fsync(file.fd()) != 0) {
        fail("cannot sync " + directory);
    }
}

class RecordWriter {
  public:
    explicit RecordWriter(int fd) : fd_(fd) {
        buffer_.reserve(kBufferBytes + CatalogZone::kBufferBytes);
    }

    void add(std::string_view entry) {
        SnapshotRecord record{static_cast<std::uint32_t>(entry.size()), 0};
        record.crc = record.right_crc(entry.data());
        const auto* bytes = reinterpret_cast<const char*>(&record);
        buffer_.insert(buffer_.end(), bytes, bytes + sizeof record);
        buffer_.insert(buffer_.end(), entry.begin(), entry.end());
        ++entries_;
        if (buffer_.size() >= kBufferBytes) {
            flush();
        }
    }

    void flush() {
        write_all(fd_, buffer_.data(), buffer_.size(), static_cast<off_t>(end_));
        end_ += buffer_.size();
        buffer_.clear();
    }

    std::uint64_t entries() const { return entries_; }
    std::uint64_t end() const { return end_; }

  private:
    int fd_;
    std::vector<char> buffer_;
    std::uint64_t entries_ = 0;
    std::uint64_t end_ = sizeof(SnapshotHeader);
};

SnapshotWritten write(const std::string& path, const CatalogZone& zone) {
    const std::string temporary = path + ".tmp";
    const SnapshotFile file(open_temporary(temporary));
    if (ftruncate(file.fd(), 0) != 0) {
        fail("cannot truncate " + temporary);
    }
    SnapshotHeader header;
    header.system_identifier = zone.system_identifier();
    header.cursor = zone.cursor();

    RecordWriter records(file.fd());
    std::size_t position = 0;
    while (!zone.read_slice(position, kBucketsAtATime,
                            [&](std::string_view entry) { records.add(entry); })) {
    }
    records.flush();
    // A catalogue that lost something on the way must not be taken for a whole one.
    if (!zone.loaded_once() || zone.stats().evicted_since_full_load != 0) {
        throw std::runtime_error("the catalogue is not complete");
    }
    header.entries = records.entries();
    header.crc = header.right_crc();
    write_all(file.fd(), reinterpret_cast<const char*>(&header), sizeof header, 0);
    if (fsync(file.fd()) != 0) {
        fail("cannot sync " + temporary);
    }
    if (rename(temporary.c_str(), path.c_str()) != 0) {
        fail("cannot rename " + temporary);
    }
    sync_directory(path);
    return {records.entries(), records.end(), {}};
}

}  // namespace

SnapshotWritten write_snapshot(const std::string& path, const CatalogZone& zone) {
    try {
        return write(path, zone);
    } catch (const std::exception& error) {
        return {0, 0, error.what()};
    }
}

}  // namespace coupon
