#include "journal/reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "journal/open_file.hpp"
#include "journal/segment_header.hpp"

namespace coupon {

namespace {

constexpr int kMoves_max = 5;
constexpr std::chrono::milliseconds kListPatience{2000};

// A settled file may have been written anew between the list and the read.
bool another_life(const LoadedRecords& loaded, const Uuid& segment) {
    if (loaded.size < sizeof(SegmentHeader)) {
        return false;
    }
    const auto& header = *reinterpret_cast<const SegmentHeader*>(loaded.bytes.get());
    return header.check() == HeaderCheck::good && header.identity().id != segment;
}

}  // namespace

std::unique_ptr<JournalReader> JournalReader::open(const std::string& directory,
                                                   std::string& error) {
    error.clear();
    if (::access(writers_path(directory).c_str(), R_OK | X_OK) != 0) {
        error = system_error("read the journal in", directory, errno);
        return nullptr;
    }
    std::unique_ptr<JournalReader> reader(new JournalReader(directory));
    if (::access((directory + "/segments.map").c_str(), F_OK) == 0) {
        reader->map_ = SegmentMap::open_read_only(directory, error);
        if (!reader->map_) {
            return nullptr;
        }
    }
    return reader;
}

std::vector<SegmentInfo> JournalReader::list(bool with_retired) const {
    std::vector<SegmentInfo> segments;
    // Keeps adopters out for a moment, so that no segment is missed or seen twice. Without the
    // right to lock, the list may be inexact.
    std::string ignored;
    auto lock =
        FileLock::take(directory_ + "/lock", FileLock::Mode::shared, kListPatience, ignored);
    for (const Uuid& owner : list_owners(directory_)) {
        OwnerState state = owner_state(directory_, owner);
        for (const SegmentName& name : list_writer(directory_, owner)) {
            if (!name.unfinished) {
                segments.push_back(describe(name, state));
            }
        }
    }
    if (with_retired) {
        for (const SegmentName& name : list_settled(directory_)) {
            segments.push_back(describe(name, OwnerState::dead));
            segments.back().retired = true;
        }
    }
    return segments;
}

SegmentInfo JournalReader::describe(const SegmentName& name, OwnerState owner) const {
    SegmentInfo info;
    info.id = name.segment;
    info.kind = name.kind;
    info.path = name.path;
    info.owner = owner;
    info.file_bytes = name.file_bytes;
    std::string unreadable;
    UniqueFd fd = open_file(name.path, O_RDONLY, unreadable);
    alignas(SegmentHeader) char page[sizeof(SegmentHeader)];
    if (!fd || ::pread(fd.get(), page, sizeof page, 0) != ssize_t{sizeof page}) {
        info.damage = "the header cannot be read";
    } else {
        const auto& header = *reinterpret_cast<const SegmentHeader*>(page);
        switch (header.check()) {
            case HeaderCheck::damaged:
                info.damage = "the header is damaged";
                break;
            case HeaderCheck::foreign_version:
                info.damage = "of another version";
                break;
            case HeaderCheck::good: {
                SegmentIdentity identity = header.identity();
                info.id = identity.id;
                info.edge = identity.edge;
                info.created_ms = identity.created_ms;
                info.sealed = header.sealed.load(std::memory_order_relaxed);
                info.cursor = header.load_progress().cursor;
                break;
            }
        }
    }
    if (map_) {
        if (auto slot = map_->find(info.id)) {
            if (auto view = map_->view(*slot)) {
                info.committed = view->records;
            }
        }
    }
    return info;
}

ReadResult JournalReader::read(
    const SegmentInfo& segment,
    const std::function<void(uint32_t seq, std::string_view payload)>& visit) const {
    ReadResult result;
    SegmentInfo current = segment;
    for (int attempt = 0; attempt < kMoves_max; ++attempt) {
        if (::access(current.path.c_str(), F_OK) == 0) {
            break;
        }
        auto present = list(true);
        auto found = std::find_if(present.begin(), present.end(),
                                  [&](const SegmentInfo& other) { return other.id == segment.id; });
        if (found == present.end()) {
            result.error = "segment " + to_string(segment.id) + " is gone";
            return result;
        }
        current = *found;
    }
    // A living writer goes on while the file is read: nothing beyond what it had committed before.
    bool open = current.sealed == kOpen;
    uint64_t possible = records_max(current.file_bytes);
    uint64_t expected = std::min(possible, open ? current.committed : current.sealed);
    uint64_t limit = !open || (current.owner != OwnerState::dead && map_) ? expected : possible;
    auto loaded =
        load_records(current.path, segment.id, current.file_bytes, static_cast<uint32_t>(expected),
                     static_cast<uint32_t>(limit), result.error);
    if (!loaded) {
        return result;
    }
    if (another_life(*loaded, segment.id)) {
        result.error = "segment " + to_string(segment.id) + " is gone";
        return result;
    }
    for (uint32_t seq = 0; seq < loaded->index.records(); ++seq) {
        if (loaded->readable(seq)) {
            visit(seq, loaded->payload(seq));
            ++result.records;
        } else {
            ++result.unreadable;
        }
    }
    return result;
}

}  // namespace coupon
