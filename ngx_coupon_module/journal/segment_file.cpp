#include "journal/segment_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "journal/file_space.hpp"
#include "journal/open_file.hpp"

namespace coupon {

namespace {

// The whole page at once: the rest of it is zeroed, and whatever was sent before is forgotten.
bool write_header_page(int fd, const std::string& path, const SegmentIdentity& identity,
                       std::string& error) {
    alignas(SegmentHeader) char page[kSegmentHeader_bytes] = {};
    (new (page) SegmentHeader)->begin(identity);
    if (::pwrite(fd, page, sizeof page, 0) != ssize_t{sizeof page}) {
        error = system_error("write to", path, errno);
        return false;
    }
    return true;
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

Mapping::~Mapping() {
    if (memory_ != nullptr) {
        ::munmap(memory_, bytes_);
    }
}

Mapping Mapping::of_file(int fd, const std::string& path, size_t bytes, std::string& error) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        error = system_error("map", path, errno);
        return {};
    }
    return {memory, bytes};
}

bool SegmentFile::write_header(const std::string& path, const SegmentIdentity& identity,
                               std::string& error) {
    UniqueFd fd = open_file(path, O_RDWR, error);
    if (!fd) {
        return false;
    }
    return write_header_page(fd.get(), path, identity, error);
}

std::unique_ptr<SegmentFile> SegmentFile::begin(UniqueFd fd, const std::string& path,
                                                const SegmentIdentity& identity,
                                                std::string& error) {
    if (!write_header_page(fd.get(), path, identity, error)) {
        return nullptr;
    }
    std::unique_ptr<SegmentFile> file(new SegmentFile);
    file->identity_ = identity;
    file->header_ = Mapping::of_file(fd.get(), path, kSegmentHeader_bytes, error);
    Mapping whole = Mapping::of_file(fd.get(), path, identity.file_bytes, error);
    if (!file->header_ || !whole ||
        !prefault_for_writing(whole.data(), whole.size(), path, error) ||
        !prefault_for_writing(file->header_.data(), kSegmentHeader_bytes, path, error)) {
        return nullptr;
    }
    file->body_ = std::make_shared<SegmentBody>(SegmentBody{std::move(fd), std::move(whole)});
    return file;
}

std::unique_ptr<SegmentFile> SegmentFile::open(const std::string& path, OpenFailure& failure,
                                               std::string& error) {
    failure = OpenFailure::system;
    UniqueFd fd = open_file(path, O_RDWR, error);
    struct stat status {};
    if (!fd) {
        return nullptr;
    }
    if (::fstat(fd.get(), &status) != 0) {
        error = system_error("open", path, errno);
        return nullptr;
    }
    if (static_cast<uint64_t>(status.st_size) < kSegmentHeader_bytes) {
        failure = OpenFailure::damaged;
        error = path + " is shorter than a segment's header";
        return nullptr;
    }
    std::unique_ptr<SegmentFile> file(new SegmentFile);
    file->header_ = Mapping::of_file(fd.get(), path, kSegmentHeader_bytes, error);
    if (!file->header_ ||
        !prefault_for_writing(file->header_.data(), kSegmentHeader_bytes, path, error)) {
        return nullptr;
    }
    switch (file->header().check()) {
        case HeaderCheck::damaged:
            failure = OpenFailure::damaged;
            error = path + " has a damaged header";
            return nullptr;
        case HeaderCheck::foreign_version:
            failure = OpenFailure::foreign_version;
            error = path + " is of another version";
            return nullptr;
        case HeaderCheck::good:
            break;
    }
    file->identity_ = file->header().identity();
    // Room is made by this size: a header must not claim more than there is.
    file->identity_.file_bytes =
        std::min(file->identity_.file_bytes, static_cast<uint64_t>(status.st_size));
    return file;
}

SegmentHeader& SegmentFile::header() const noexcept {
    return *reinterpret_cast<SegmentHeader*>(header_.data());
}

}  // namespace coupon
