// A segment's file in memory: the header page for as long as the segment matters, the whole file
// only while it is written to or sent from.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "journal/file_lock.hpp"
#include "journal/segment_header.hpp"
#include "journal/segment_map.hpp"

namespace coupon {

/// A mapping that unmaps itself.
class Mapping {
  public:
    Mapping() = default;
    Mapping(void* memory, size_t bytes) noexcept : memory_(memory), bytes_(bytes) {}
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping();

    char* data() const noexcept { return static_cast<char*>(memory_); }
    size_t size() const noexcept { return bytes_; }
    explicit operator bool() const noexcept { return memory_ != nullptr; }

    /// Shared, readable and writable. Empty with `error` set when refused.
    static Mapping of_file(int fd, const std::string& path, size_t bytes, std::string& error);

  private:
    void* memory_ = nullptr;
    size_t bytes_ = 0;
};

/// The whole file, mapped and prefaulted, with its descriptor for fdatasync. Shared with a sync
/// that may still run on a thread.
struct SegmentBody {
    UniqueFd fd;
    Mapping mapping;
};

class SegmentFile {
  public:
    /// Writes a new header into an allocated file and maps it all, every page present; blocks.
    /// `path` is for messages. Nothing: `error` says why.
    static std::unique_ptr<SegmentFile> begin(UniqueFd fd, const std::string& path,
                                              const SegmentIdentity& identity, std::string& error);

    /// Gives a file a header for a new life and leaves the rest as it is.
    static bool write_header(const std::string& path, const SegmentIdentity& identity,
                             std::string& error);

    enum class OpenFailure { system, damaged, foreign_version };

    /// Maps the header of a file that has one; `body()` is empty. Nothing: `error` and `failure`
    /// say why.
    static std::unique_ptr<SegmentFile> open(const std::string& path, OpenFailure& failure,
                                             std::string& error);

    const SegmentIdentity& identity() const noexcept { return identity_; }
    SegmentHeader& header() const noexcept;
    const std::shared_ptr<SegmentBody>& body() const noexcept { return body_; }

    /// Gives the body away, to be unmapped on a thread.
    std::shared_ptr<SegmentBody> take_body() noexcept { return std::move(body_); }

    SlotId slot() const noexcept { return slot_; }
    void set_slot(SlotId slot) noexcept { slot_ = slot; }

  private:
    SegmentFile() = default;

    SegmentIdentity identity_;
    Mapping header_;
    std::shared_ptr<SegmentBody> body_;
    SlotId slot_;
};

}  // namespace coupon
