#include "catalog/miss_table.hpp"

#include <algorithm>
#include <cstring>

#include "catalog/keyed_hash.hpp"
#include "catalog/shared_lock.hpp"
#include "catalog/shared_words.hpp"

namespace coupon {
namespace {

// A stopped owner of the lock must not stop anybody for long.
constexpr unsigned kLockWaitMs = 5;

struct Id {
    std::uint64_t word[2];
    explicit Id(const Uuid& uuid) noexcept { std::memcpy(word, uuid.bytes.data(), sizeof word); }
};

constexpr std::uint64_t asked_until(std::uint64_t ms) noexcept {
    return ms << 1;
}
constexpr std::uint64_t unknown_until(std::uint64_t ms) noexcept {
    return ms << 1 | 1;
}
constexpr bool is_unknown(const MissSlot& slot) noexcept {
    return (slot.until & 1) != 0;
}
constexpr std::uint64_t deadline_ms(const MissSlot& slot) noexcept {
    return slot.until >> 1;
}

MissSlot* find(MissSlot* set, const Id& id) noexcept {
    const auto same = [&](const MissSlot& slot) {
        return slot.until != 0 && slot.id[0] == id.word[0] && slot.id[1] == id.word[1];
    };
    MissSlot* end = set + MissTable::kWays;
    MissSlot* slot = std::find_if(set, end, same);
    return slot == end ? nullptr : slot;
}

// What is forgotten first: free or over, then unknown offers, then the oldest question (its
// asker goes on; somebody may ask the same twice).
MissSlot* victim(MissSlot* set, std::uint64_t now_ms) noexcept {
    const auto rank = [&](const MissSlot& slot) {
        return std::pair{deadline_ms(slot) > now_ms && !is_unknown(slot), deadline_ms(slot)};
    };
    return std::min_element(set, set + MissTable::kWays, [&](const MissSlot& a, const MissSlot& b) {
        return rank(a) < rank(b);
    });
}

// In this order, so that a writer killed in between leaves a free slot.
void fill(MissSlot& slot, const Id& id, std::uint64_t until) noexcept {
    store_word(slot.until, 0);
    store_word(slot.id[0], id.word[0]);
    store_word(slot.id[1], id.word[1]);
    store_word(slot.until, until);
}

}  // namespace

MissSlot* MissTable::set_of(std::uint64_t hash) const noexcept {
    return slots_ + std::size_t{place_of(hash, set_count_)} * kWays;
}

MissClaim MissTable::claim(const Uuid& id, std::uint64_t hash, std::uint64_t now_ms,
                           std::uint64_t timeout_ms) noexcept {
    SharedLock lock(*lock_, kLockWaitMs);
    if (!lock.held()) {
        return MissClaim::someone_asks;
    }
    const Id wanted(id);
    MissSlot* set = set_of(hash);
    MissSlot* slot = find(set, wanted);
    if (slot != nullptr && deadline_ms(*slot) > now_ms) {
        return is_unknown(*slot) ? MissClaim::known_unknown : MissClaim::someone_asks;
    }
    fill(slot != nullptr ? *slot : *victim(set, now_ms), wanted, asked_until(now_ms + timeout_ms));
    return MissClaim::you_ask;
}

bool MissTable::settle(const Uuid& id, std::uint64_t hash,
                       std::uint64_t unknown_until_ms) noexcept {
    SharedLock lock(*lock_, kLockWaitMs);
    if (!lock.held()) {
        return false;
    }
    const Id wanted(id);
    MissSlot* set = set_of(hash);
    MissSlot* slot = find(set, wanted);
    fill(slot != nullptr ? *slot : *victim(set, 0), wanted, unknown_until(unknown_until_ms));
    return true;
}

void MissTable::clear(const Uuid& id, std::uint64_t hash) noexcept {
    SharedLock lock(*lock_, kLockWaitMs);
    if (!lock.held()) {
        return;
    }
    if (MissSlot* slot = find(set_of(hash), Id(id))) {
        store_word(slot->until, 0);
    }
}

}  // namespace coupon
