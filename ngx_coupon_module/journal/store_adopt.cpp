// Taking over what dead writers left. Which files exist, and whose lock is free, decides; the slots
// of segments.map only follow. So a process killed between any two steps leaves what the next call
// takes for a dead writer's folder again.
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>

#include "journal/store.hpp"

namespace coupon {

namespace {

uint64_t age_ms(const SegmentHeader& header, uint64_t created_ms, uint64_t now_ms) noexcept {
    uint64_t first_ms = header.first_record_ms.load(std::memory_order_relaxed);
    uint64_t begin_ms = first_ms != 0 ? first_ms : created_ms;
    return now_ms > begin_ms ? now_ms - begin_ms : 0;
}

JournalDisk disk_below(const std::string& directory) noexcept {
    struct statvfs disk{};
    if (::statvfs(directory.c_str(), &disk) != 0) {
        return {};
    }
    return {uint64_t{disk.f_blocks} * disk.f_frsize, uint64_t{disk.f_bavail} * disk.f_frsize};
}

}  // namespace

AdoptResult JournalStore::adopt(size_t segments_max) {
    AdoptResult result;
    auto lock = lock_folder(options_.directory, result.error);
    if (!lock) {
        return result;
    }
    std::vector<Uuid> living{owner_};
    for (const Uuid& owner : list_owners(options_.directory)) {
        if (owner == owner_) {
            continue;
        }
        std::string error;
        std::string path = writer_path(options_.directory, owner) + "/lock";
        auto dead = FileLock::try_take(path, FileLock::Mode::exclusive, true, error);
        if (dead) {
            adopt_from(owner, segments_max, result);
        } else {
            living.push_back(owner);
            if (!error.empty()) {
                result.warnings.push_back(error);
            }
        }
    }
    result.occupied_segments = sweep_slots(living);
    result.disk = disk_below(options_.directory);
    map_->release_done();
    std::stable_sort(result.segments.begin(), result.segments.end(),
                     [](const AdoptedSegment& left, const AdoptedSegment& right) {
                         return left.age_ms > right.age_ms;
                     });
    return result;
}

void JournalStore::adopt_from(const Uuid& owner, size_t segments_max, AdoptResult& result) {
    for (const SegmentName& name : list_writer(options_.directory, owner)) {
        if (name.kind != options_.kind) {
            continue;
        }
        if (name.unfinished) {
            ::unlink(name.path.c_str());
        } else if (result.segments.size() < segments_max) {
            adopt_file(name, result);
        } else {
            result.more = true;
        }
    }
    std::string folder = writer_path(options_.directory, owner);
    if (list_writer(options_.directory, owner).empty()) {
        ::unlink((folder + "/lock").c_str());
        ::rmdir(folder.c_str());
    }
}

void JournalStore::adopt_file(const SegmentName& name, AdoptResult& result) {
    std::string error;
    auto failure = SegmentFile::OpenFailure::system;
    AdoptedSegment adopted;
    adopted.file = SegmentFile::open(name.path, failure, error);
    if (!adopted.file) {
        result.warnings.push_back(error);
        if (failure != SegmentFile::OpenFailure::damaged) {
            return;
        }
        adopted.file = repair(name, error);
        if (!adopted.file) {
            result.warnings.push_back(error);
            return;
        }
    }
    SegmentHeader& header = adopted.file->header();
    const SegmentIdentity& identity = adopted.file->identity();
    auto slot = map_->find(identity.id);
    if (!slot) {
        slot = map_->claim(identity.id, owner_, options_.kind, false);
    }
    if (!slot) {
        result.warnings.push_back(options_.directory + "/segments.map has no free slot");
        return;
    }
    // What its writer committed according to the map; the file may hold less (damaged), or one more
    // (killed between the two stores). Neither may claim more than fits: memory is taken for it.
    uint64_t possible = records_max(name.file_bytes);
    uint64_t committed = std::min(records_max(std::max(name.file_bytes, options_.segment_bytes)),
                                  map_->records(*slot).load(std::memory_order_relaxed));
    uint64_t sealed = header.sealed.load(std::memory_order_acquire);
    if (sealed > possible) {
        adopted.loaded = load_records(name.path, identity.id, name.file_bytes,
                                      static_cast<uint32_t>(committed), UINT32_MAX, error);
        if (!adopted.loaded) {
            result.warnings.push_back(error);
            return;
        }
        sealed = adopted.loaded->index.records();
        if (uint64_t lost = adopted.loaded->index.unreadable().count()) {
            result.warnings.push_back(std::to_string(lost) + " of " + std::to_string(sealed) +
                                      " records are not readable in " + name.path);
        }
    }
    adopted.records = static_cast<uint32_t>(sealed);
    adopted.age_ms = age_ms(header, identity.created_ms, unix_ms());
    adopted.file->set_slot(*slot);

    std::string path = folder_ + "/" + segment_name(options_.kind, identity.id);
    if (::access(path.c_str(), F_OK) == 0) {
        // Somebody copied a file; it must not replace the one that is in use.
        result.warnings.push_back(name.path + " is left alone: this segment exists twice");
        return;
    }
    if (::rename(name.path.c_str(), path.c_str()) != 0) {
        result.warnings.push_back(system_error("rename", name.path, errno));
        return;
    }
    map_->adopt(*slot, owner_);
    map_->seal(*slot, sealed);
    header.sealed.store(sealed, std::memory_order_release);
    if (sealed != 0) {
        result.segments.push_back(std::move(adopted));
    } else if (settle_file(identity.id, false, error)) {
        map_->mark_done(*slot);
    } else {
        result.warnings.push_back(error);
    }
}

// Records verify against the segment's id, which is in the file's name too: with a new header all
// of them are sent again, and PostgreSQL drops what it has.
std::unique_ptr<SegmentFile> JournalStore::repair(const SegmentName& name,
                                                  std::string& error) const {
    if (name.file_bytes < kSegmentHeader_bytes) {
        error = name.path + " is removed: there is no record in it";
        ::unlink(name.path.c_str());
        return nullptr;
    }
    SegmentIdentity identity{name.segment, name.kind, name.file_bytes, unix_ms(), options_.edge};
    if (!SegmentFile::write_header(name.path, identity, error)) {
        return nullptr;
    }
    auto failure = SegmentFile::OpenFailure::system;
    return SegmentFile::open(name.path, failure, error);
}

// Returns how many segments hold something that is not settled.
uint64_t JournalStore::sweep_slots(const std::vector<Uuid>& living) {
    std::unordered_set<Uuid> alive(living.begin(), living.end());
    std::unordered_set<Uuid> present;
    for (const Uuid& owner : list_owners(options_.directory)) {
        for (const SegmentName& name : list_writer(options_.directory, owner)) {
            present.insert(name.segment);
        }
    }
    std::vector<SlotId> gone;
    uint64_t occupied = 0;
    map_->for_each([&](const SlotView& view) {
        if (!view.done && view.kind == options_.kind && !view.writer_only && view.records != 0) {
            ++occupied;
        }
        if (!view.done && view.kind == options_.kind && !alive.contains(view.owner) &&
            (view.writer_only || !present.contains(view.segment))) {
            gone.push_back(view.id);
        }
    });
    for (SlotId slot : gone) {
        map_->mark_done(slot);
    }
    return occupied;
}

}  // namespace coupon
