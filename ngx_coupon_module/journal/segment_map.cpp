#include "journal/segment_map.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "core/bytes.hpp"
#include "core/crc32c.hpp"
#include "journal/file_lock.hpp"
#include "journal/file_space.hpp"
#include "journal/folder.hpp"
#include "journal/segment_slot.hpp"

namespace coupon {

namespace {

constexpr size_t kMapHeader_bytes = 4096;
constexpr size_t kMap_bytes = kMapHeader_bytes + sizeof(SegmentSlot) * kSegmentSlots_max;
constexpr int kReadAttempts_max = 100;

void store_uuid(std::atomic<uint64_t> (&words)[2], const Uuid& uuid) noexcept {
    words[0].store(load<uint64_t>(uuid.bytes.data()), std::memory_order_relaxed);
    words[1].store(load<uint64_t>(uuid.bytes.data() + 8), std::memory_order_relaxed);
}

Uuid load_uuid(const std::atomic<uint64_t> (&words)[2]) noexcept {
    Uuid uuid;
    store(uuid.bytes.data(), words[0].load(std::memory_order_relaxed));
    store(uuid.bytes.data() + 8, words[1].load(std::memory_order_relaxed));
    return uuid;
}

uint32_t settled_crc(const Uuid& segment, const uint32_t* bounds, uint32_t count) noexcept {
    uint32_t crc = crc32c(0, segment.bytes.data(), segment.bytes.size());
    return crc32c(crc ^ count, bounds, size_t{count} * 2 * sizeof *bounds);
}

uint32_t generation_of(const SegmentSlot& slot) noexcept {
    return static_cast<uint32_t>(slot.served.load(std::memory_order_acquire) >> kGenerationShift);
}

bool usable(const SegmentMapHeader& header) noexcept {
    return header.magic == kSegmentMapMagic && header.version == kSegmentMapVersion &&
           header.slot_bytes == sizeof(SegmentSlot) && header.slots == kSegmentSlots_max;
}

// Made under another name and renamed, so that the map is always whole; no store into it can hit
// a hole.
bool create_map(const std::string& path, std::string& error) {
    std::string temporary = path + ".new";
    UniqueFd fd(::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) {
        error = system_error("create", temporary, errno);
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
    int access = writable ? O_RDWR : O_RDONLY;
    UniqueFd fd(::open(path.c_str(), access | O_CLOEXEC));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) {
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

bool SlotView::never_used() const noexcept {
    return counts.served == 0 && counts.unjournaled == 0 && records == 0;
}

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
            warning = error + "; it is kept as " + aside + ", counts that are not in PostgreSQL yet "
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

SegmentMap::~SegmentMap() { ::munmap(memory_, bytes_); }

SegmentSlot* SegmentMap::slot(SlotId id) const noexcept {
    if (id.index >= kSegmentSlots_max) {
        return nullptr;
    }
    SegmentSlot* slot = slots_ + id.index;
    return generation_of(*slot) == id.generation ? slot : nullptr;
}

std::optional<SlotId> SegmentMap::claim(const Uuid& segment, const Uuid& owner, JournalKind kind,
                                        bool writer_only) noexcept {
    auto& header = *static_cast<SegmentMapHeader*>(memory_);
    for (uint32_t index = 0; index < kSegmentSlots_max; ++index) {
        SegmentSlot& slot = slots_[index];
        if (slot.state.load(std::memory_order_relaxed) != SlotState::free) {
            continue;
        }
        // The generation moves first: whoever still counts for the slot's former life is refused.
        uint32_t generation = (generation_of(slot) + 1) & kGenerationMask;
        slot.served.store(uint64_t{generation} << kGenerationShift);
        slot.unjournaled.store(0);
        slot.records.store(0);
        slot.sealed.store(writer_only ? 0 : kOpen);
        slot.settled_version.store(slot.settled_version.load() | 1);
        slot.settled_count.store(0);
        slot.settled_crc.store(0);
        slot.persisted_served.store(0);
        slot.persisted_unjournaled.store(0);
        slot.persisted_sealed.store(kOpen);
        store_uuid(slot.segment, segment);
        store_uuid(slot.owner, owner);
        slot.kind.store(static_cast<uint32_t>(kind) | (writer_only ? kWriterOnly : 0));
        if (header.high_water.load() <= index) {
            header.high_water.store(index + 1);
        }
        slot.state.store(SlotState::live, std::memory_order_release);
        return SlotId{index, generation};
    }
    return std::nullopt;
}

std::optional<SlotId> SegmentMap::find(const Uuid& segment) const noexcept {
    uint32_t used = std::min(
        static_cast<const SegmentMapHeader*>(memory_)->high_water.load(), kSegmentSlots_max);
    for (uint32_t index = 0; index < used; ++index) {
        const SegmentSlot& slot = slots_[index];
        if (slot.state.load(std::memory_order_acquire) != SlotState::free &&
            load_uuid(slot.segment) == segment) {
            return SlotId{index, generation_of(slot)};
        }
    }
    return std::nullopt;
}

void SegmentMap::adopt(SlotId id, const Uuid& owner) noexcept {
    if (SegmentSlot* found = slot(id)) {
        store_uuid(found->owner, owner);
        found->state.store(SlotState::live, std::memory_order_release);
    }
}

void SegmentMap::mark_done(SlotId id) noexcept {
    SegmentSlot* found = slot(id);
    if (found == nullptr) {
        return;
    }
    // Without a file there is nobody left to seal it.
    uint64_t open = kOpen;
    found->sealed.compare_exchange_strong(open, found->records.load());
    found->state.store(SlotState::done, std::memory_order_release);
}

size_t SegmentMap::release_done() noexcept {
    auto used = std::min(static_cast<SegmentMapHeader*>(memory_)->high_water.load(),
                         kSegmentSlots_max);
    size_t released = 0;
    for (uint32_t index = 0; index < used; ++index) {
        SegmentSlot& slot = slots_[index];
        if (slot.state.load(std::memory_order_acquire) != SlotState::done) {
            continue;
        }
        uint64_t word = slot.served.load();
        SlotView view = copy(index);
        if (view.needs_row() || view.counts.served != (word & kServedMask)) {
            continue;
        }
        // From here on a late count is refused; one that came first makes this fail.
        uint64_t generation = ((word >> kGenerationShift) + 1) & kGenerationMask;
        if (slot.served.compare_exchange_strong(word, generation << kGenerationShift)) {
            slot.state.store(SlotState::free, std::memory_order_release);
            ++released;
        }
    }
    return released;
}

bool SegmentMap::count_served(SlotId id) noexcept {
    if (id.index >= kSegmentSlots_max) {
        return false;
    }
    std::atomic<uint64_t>& served = slots_[id.index].served;
    uint64_t word = served.load(std::memory_order_relaxed);
    do {
        if (word >> kGenerationShift != id.generation) {
            return false;
        }
    } while (!served.compare_exchange_weak(word, word + 1, std::memory_order_relaxed));
    return true;
}

bool SegmentMap::count_unjournaled(SlotId id) noexcept {
    SegmentSlot* found = slot(id);
    if (found == nullptr) {
        return false;
    }
    found->unjournaled.fetch_add(1, std::memory_order_relaxed);
    return true;
}

std::atomic<uint64_t>& SegmentMap::records(SlotId id) noexcept { return slots_[id.index].records; }

void SegmentMap::seal(SlotId id, uint64_t records) noexcept {
    if (SegmentSlot* found = slot(id)) {
        found->records.store(records, std::memory_order_relaxed);
        found->sealed.store(records, std::memory_order_release);
    }
}

std::optional<SeqRanges> SegmentMap::settled_since(SlotId id, const Uuid& segment,
                                                   uint32_t& version) const noexcept {
    const SegmentSlot* found = slot(id);
    if (found == nullptr) {
        return std::nullopt;
    }
    for (int attempt = 0; attempt < kReadAttempts_max; ++attempt) {
        uint32_t before = found->settled_version.load(std::memory_order_acquire);
        if (before == version || before % 2 != 0) {
            return std::nullopt;
        }
        uint32_t count = std::min<uint32_t>(found->settled_count.load(std::memory_order_relaxed),
                                            kSettledRanges_max);
        uint32_t bounds[kSettledRanges_max * 2];
        for (uint32_t at = 0; at < count; ++at) {
            bounds[at * 2] = found->settled[at].begin.load(std::memory_order_relaxed);
            bounds[at * 2 + 1] = found->settled[at].end.load(std::memory_order_relaxed);
        }
        uint32_t crc = found->settled_crc.load(std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_acquire);
        if (found->settled_version.load(std::memory_order_relaxed) != before) {
            continue;
        }
        version = before;
        if (crc != settled_crc(segment, bounds, count)) {
            return std::nullopt;
        }
        SeqRanges settled;
        for (uint32_t at = 0; at < count; ++at) {
            settled.add(bounds[at * 2], bounds[at * 2 + 1]);
        }
        return settled;
    }
    return std::nullopt;
}

uint64_t SegmentMap::settlements_read_ms() const noexcept {
    return static_cast<const SegmentMapHeader*>(memory_)->settlements_read_ms.load(
        std::memory_order_acquire);
}

SlotView SegmentMap::copy(uint32_t index) const noexcept {
    const SegmentSlot& slot = slots_[index];
    SlotView view;
    uint64_t word = slot.served.load(std::memory_order_acquire);
    uint32_t kind = slot.kind.load(std::memory_order_relaxed);
    view.id = {index, static_cast<uint32_t>(word >> kGenerationShift)};
    view.segment = load_uuid(slot.segment);
    view.owner = load_uuid(slot.owner);
    view.kind = static_cast<JournalKind>(kind & 0xff);
    view.writer_only = (kind & kWriterOnly) != 0;
    view.done = slot.state.load(std::memory_order_acquire) == SlotState::done;
    view.records = slot.records.load(std::memory_order_relaxed);
    view.counts = {word & kServedMask, slot.unjournaled.load(std::memory_order_relaxed),
                   slot.sealed.load(std::memory_order_acquire)};
    view.persisted = {slot.persisted_served.load(std::memory_order_relaxed),
                      slot.persisted_unjournaled.load(std::memory_order_relaxed),
                      slot.persisted_sealed.load(std::memory_order_relaxed)};
    return view;
}

void SegmentMap::for_each(const std::function<void(const SlotView&)>& visit) const {
    auto used = std::min(static_cast<const SegmentMapHeader*>(memory_)->high_water.load(),
                         kSegmentSlots_max);
    for (uint32_t index = 0; index < used; ++index) {
        const SegmentSlot& slot = slots_[index];
        if (slot.state.load(std::memory_order_acquire) == SlotState::free) {
            continue;
        }
        SlotView view = copy(index);
        // Freed or given away while it was copied: the generation moves before anything else does.
        if (generation_of(slot) == view.id.generation &&
            slot.state.load(std::memory_order_acquire) != SlotState::free) {
            visit(view);
        }
    }
}

std::optional<SlotView> SegmentMap::view(SlotId id) const noexcept {
    const SegmentSlot* found = slot(id);
    if (found == nullptr || found->state.load(std::memory_order_acquire) == SlotState::free) {
        return std::nullopt;
    }
    return copy(id.index);
}

void SegmentMap::publish_settled(SlotId id, const Uuid& segment,
                                 const SeqRanges& settled) noexcept {
    SegmentSlot* found = slot(id);
    if (found == nullptr || load_uuid(found->segment) != segment) {
        return;
    }
    uint32_t bounds[kSettledRanges_max * 2];
    uint32_t count = 0;
    for (const SeqRange& range : settled.ranges()) {
        if (count == kSettledRanges_max || range.end > UINT32_MAX) {
            break;
        }
        bounds[count * 2] = static_cast<uint32_t>(range.begin);
        bounds[count * 2 + 1] = static_cast<uint32_t>(range.end);
        ++count;
    }
    uint32_t crc = settled_crc(segment, bounds, count);
    uint32_t version = found->settled_version.load(std::memory_order_relaxed);
    if (version % 2 == 0 && crc == found->settled_crc.load(std::memory_order_relaxed)) {
        return;
    }
    version |= 1;
    found->settled_version.store(version, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    for (uint32_t at = 0; at < count; ++at) {
        found->settled[at].begin.store(bounds[at * 2], std::memory_order_relaxed);
        found->settled[at].end.store(bounds[at * 2 + 1], std::memory_order_relaxed);
    }
    found->settled_count.store(count, std::memory_order_relaxed);
    found->settled_crc.store(crc, std::memory_order_relaxed);
    found->settled_version.store(version + 1, std::memory_order_release);
}

void SegmentMap::mark_persisted(SlotId id, const SegmentCounts& counts) noexcept {
    SegmentSlot* found = slot(id);
    if (found == nullptr) {
        return;
    }
    found->persisted_served.store(counts.served, std::memory_order_relaxed);
    found->persisted_unjournaled.store(counts.unjournaled, std::memory_order_relaxed);
    found->persisted_sealed.store(counts.sealed, std::memory_order_relaxed);
}

void SegmentMap::set_settlements_read_ms(uint64_t now_ms) noexcept {
    static_cast<SegmentMapHeader*>(memory_)->settlements_read_ms.store(now_ms,
                                                                       std::memory_order_release);
}

}  // namespace coupon
