#include "journal/segment_map.hpp"

#include <algorithm>

#include "core/bytes.hpp"
#include "core/crc32c.hpp"
#include "journal/segment_slot.hpp"

namespace coupon {

namespace {

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

}  // namespace

bool SlotView::never_used() const noexcept {
    return counts.served == 0 && counts.unjournaled == 0 && records == 0;
}

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
    uint32_t used = std::min(static_cast<const SegmentMapHeader*>(memory_)->high_water.load(),
                             kSegmentSlots_max);
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
    auto used =
        std::min(static_cast<SegmentMapHeader*>(memory_)->high_water.load(), kSegmentSlots_max);
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

std::atomic<uint64_t>& SegmentMap::records(SlotId id) noexcept {
    return slots_[id.index].records;
}

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
