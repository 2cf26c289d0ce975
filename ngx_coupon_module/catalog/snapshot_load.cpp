#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>
#include <vector>

#include "catalog/snapshot.hpp"
#include "catalog/snapshot_format.hpp"
#include "core/offer_entry.hpp"

namespace coupon {
namespace {

// A window over the file, refilled as it is used up.
class FileWindow {
  public:
    explicit FileWindow(int fd) : fd_(fd), buffer_(1024 * 1024) {}

    // At least `wanted` bytes when the file has them; what there is otherwise.
    std::string_view peek(std::size_t wanted) {
        if (end_ - begin_ < wanted) {
            refill(wanted);
        }
        return {buffer_.data() + begin_, end_ - begin_};
    }
    void skip(std::size_t bytes) { begin_ += bytes; }
    // errno of the read that ended the file early, or 0.
    int error() const { return error_; }

  private:
    void refill(std::size_t wanted) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        while (end_ < wanted && error_ == 0) {
            const ssize_t got = read(fd_, buffer_.data() + end_, buffer_.size() - end_);
            if (got == 0) {
                return;
            }
            if (got > 0) {
                end_ += static_cast<std::size_t>(got);
            } else if (errno != EINTR) {
                error_ = errno;
            }
        }
    }

    int fd_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    int error_ = 0;
};

bool take_header(FileWindow& window, SnapshotHeader& header) {
    const std::string_view bytes = window.peek(sizeof header);
    if (bytes.size() < sizeof header) {
        return false;
    }
    std::memcpy(&header, bytes.data(), sizeof header);
    window.skip(sizeof header);
    return header.magic == SnapshotHeader::kMagic && header.crc == header.right_crc();
}

enum class Taken { entry, damaged, end };

// The next record's entry. A damaged one is stepped over by its length; when the length itself
// cannot be right there is no way on.
Taken take_entry(FileWindow& window, std::string_view& entry) {
    SnapshotRecord record;
    std::string_view bytes = window.peek(sizeof record);
    if (bytes.size() < sizeof record) {
        return Taken::end;
    }
    std::memcpy(&record, bytes.data(), sizeof record);
    if (record.entry_bytes <= kOfferEntryHeaderBytes || record.entry_bytes > kOfferEntryMaxBytes) {
        return Taken::end;
    }
    bytes = window.peek(sizeof record + record.entry_bytes);
    if (bytes.size() < sizeof record + record.entry_bytes) {
        return Taken::end;
    }
    entry = bytes.substr(sizeof record, record.entry_bytes);
    window.skip(sizeof record + record.entry_bytes);
    return record.crc == record.right_crc(entry.data()) ? Taken::entry : Taken::damaged;
}

// The file is the workers' user's: what would not run, or would end a header line of the answer,
// was not written by us, whatever its checksum.
bool is_usable(std::string_view entry) noexcept {
    const auto view = decode_offer_entry(entry);
    return view && valid_program(view->program);
}

Uuid uuid_of(std::string_view entry) {
    Uuid uuid;
    std::memcpy(uuid.bytes.data(), entry.data(), uuid.bytes.size());
    return uuid;
}

}  // namespace

SnapshotLoaded load_snapshot(const std::string& path, CatalogZone& zone, std::uint64_t now_ms) {
    SnapshotLoaded loaded;
    if (zone.loaded_once()) {
        loaded.error = "the catalogue is loaded already";
        return loaded;
    }
    const SnapshotFile file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (file.fd() < 0 || fstat(file.fd(), &status) != 0) {
        loaded.error = system_error_text("cannot open " + path);
        return loaded;
    }
    SnapshotHeader header;
    FileWindow window(file.fd());
    if (!S_ISREG(status.st_mode) || !take_header(window, header)) {
        loaded.error = path + " is no catalogue snapshot of this version";
        return loaded;
    }
    const std::uint32_t generation = zone.begin_full_load();
    std::string_view entry;
    Taken taken = Taken::entry;
    while (loaded.entries + loaded.damaged < header.entries &&
           (taken = take_entry(window, entry)) != Taken::end) {
        if (taken == Taken::entry && is_usable(entry) &&
            zone.put(uuid_of(entry), entry, generation) == PutResult::stored) {
            ++loaded.entries;
        } else {
            ++loaded.damaged;
        }
    }
    loaded.truncated = loaded.entries + loaded.damaged < header.entries;
    const bool whole = !loaded.truncated && loaded.damaged == 0 && zone.stats().evictions == 0;
    if (whole) {
        zone.restore_full_load(header.system_identifier, header.cursor, now_ms);
    }
    loaded.in_full = whole;
    return loaded;
}

}  // namespace coupon
