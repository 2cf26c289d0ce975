#include "catalog/rate_zone.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "catalog/shared_lock.hpp"
#include "catalog/shared_words.hpp"
#include "core/bytes.hpp"

namespace coupon {
namespace {

constexpr std::uint64_t kMagic = 0x3145544152504343;  // "CCPRATE1"
constexpr std::uint64_t kVersion = 1;
constexpr std::uint32_t kWays = 4;
constexpr unsigned kLockWaitMs = 5;
// Tries at one address's word; each failure is another process's success.
constexpr int kTriesMax = 1000;

}  // namespace

struct RateZone::Header {
    std::uint64_t hash_key[2];
    std::uint64_t displaced;
    std::uint64_t unused[5];
};

struct alignas(64) RateZone::Slot {
    std::uint64_t key;      // 0: free
    std::uint64_t tat_ns;   // GCRA's theoretical arrival time
    std::uint64_t address;  // its bytes, zeros behind
    std::uint64_t shape;    // address bytes (low), limit's burst (high)
    std::uint64_t interval_ns;
    std::uint64_t pending;  // passed here and not handed over
    std::uint64_t own;      // epoch minute (low), handed over in it (high)
    std::uint64_t others;   // of that minute, counted here already
};

RateZone::RateZone(void* memory, std::size_t bytes) {
    static_assert(sizeof(Slot) == 64);
    if (reinterpret_cast<std::uintptr_t>(memory) % alignof(ZonePrefix) != 0) {
        throw std::invalid_argument("a rate zone must be aligned to 64 bytes");
    }
    if (bytes < kMinBytes) {
        throw std::invalid_argument("a rate zone needs at least 64k");
    }
    auto* base = static_cast<std::byte*>(memory);
    prefix_ = reinterpret_cast<ZonePrefix*>(base);
    header_ = reinterpret_cast<Header*>(base + sizeof(ZonePrefix));
    pending_sets_ = reinterpret_cast<std::uint64_t*>(header_ + 1);
    const std::size_t room = bytes - sizeof(ZonePrefix) - sizeof(Header);
    const std::size_t sets =
        std::min<std::size_t>(room / (kWays * sizeof(Slot) + 1), UINT32_MAX / kWays);
    set_count_ = static_cast<std::uint32_t>(sets / 512 * 512);  // whole cache lines of bits
    slots_ = reinterpret_cast<Slot*>(pending_sets_ + set_count_ / 64);
    attach_zone(*prefix_, kMagic, kVersion << 32 | sizeof(Slot), bytes, [&] {
        auto* word = reinterpret_cast<std::uint64_t*>(header_);
        for (auto* end = reinterpret_cast<std::uint64_t*>(slots_ + set_count_ * kWays); word < end;
             ++word) {
            store_word(*word, 0);
        }
        store_word(header_->hash_key[0], random_word());
        store_word(header_->hash_key[1], random_word());
    });
    instance_ = load_word(prefix_->instance);
    hash_key_ = {{load_word(header_->hash_key[0]), load_word(header_->hash_key[1])}};
}

bool RateZone::usable() const noexcept {
    return load_word(prefix_->instance) == instance_;
}

std::uint64_t RateZone::displaced() const noexcept {
    return load_word(header_->displaced);
}

std::uint64_t RateZone::key_of(const ClientAddress& address,
                               const RateLimit& limit) const noexcept {
    // Bursts are below 2^20, intervals (at most a minute) below 2^36.
    const std::uint64_t shape =
        std::uint64_t{address.size} << 56 | (std::uint64_t{limit.burst} << 36 ^ limit.interval_ns);
    return keyed_hash(hash_key_, load<std::uint64_t>(address.bytes.data()), shape) | 1;
}

RateZone::Slot* RateZone::find(std::uint64_t key) const noexcept {
    Slot* set = slots_ + std::size_t{place_of(key, set_count_)} * kWays;
    for (Slot* slot = set; slot < set + kWays; ++slot) {
        if (load_word(slot->key) == key) {
            return slot;
        }
    }
    return nullptr;
}

Decision RateZone::check(const ClientAddress& address, const RateLimit& limit,
                         std::uint64_t now_ns) noexcept {
    const std::uint64_t key = key_of(address, limit);
    for (int tries = 0; tries < kTriesMax && usable(); ++tries) {
        Slot* slot = find(key);
        if (slot == nullptr) {
            slot = insert(key, address, limit, now_ns);
        }
        if (slot == nullptr) {
            break;
        }
        std::uint64_t tat_ns = load_word(slot->tat_ns);
        const Decision decision = gcra_check(limit, tat_ns, now_ns);
        if (load_word(slot->key) != key) {
            continue;  // given to another address in between
        }
        if (!decision.allowed) {
            return decision;
        }
        if (std::atomic_ref(slot->tat_ns).compare_exchange_strong(tat_ns, decision.new_tat_ns)) {
            count(*slot);
            return decision;
        }
    }
    // A limit that cannot be told is no reason to turn anybody away.
    return {true, now_ns + limit.interval_ns, 0};
}

RateZone::Slot* RateZone::insert(std::uint64_t key, const ClientAddress& address,
                                 const RateLimit& limit, std::uint64_t now_ns) noexcept {
    SharedLock lock(prefix_->lock, kLockWaitMs);
    if (!lock.held() || !usable()) {
        return nullptr;
    }
    if (Slot* slot = find(key)) {
        return slot;
    }
    Slot* set = slots_ + std::size_t{place_of(key, set_count_)} * kWays;
    Slot* slot = std::min_element(set, set + kWays, [](const Slot& a, const Slot& b) {
        return load_word(a.tat_ns) < load_word(b.tat_ns);
    });
    if (load_word(slot->tat_ns) > now_ns) {
        store_word(header_->displaced, load_word(header_->displaced) + 1);
    }
    // The key goes first and comes last: nobody takes the slot for either address in between.
    store_word(slot->key, 0);
    store_word(slot->tat_ns, 0);
    store_word(slot->pending, 0);
    store_word(slot->own, 0);
    store_word(slot->others, 0);
    store_word(slot->address, load<std::uint64_t>(address.bytes.data()));
    store_word(slot->shape, join_halves(address.size, limit.burst));
    store_word(slot->interval_ns, limit.interval_ns);
    store_word(slot->key, key);
    return slot;
}

void RateZone::count(Slot& slot) noexcept {
    // The first one marks the set; again now and then, should its process have died in between.
    if (std::atomic_ref(slot.pending).fetch_add(1) % 16 == 0) {
        mark_pending(static_cast<std::uint32_t>((&slot - slots_) / kWays));
    }
}

void RateZone::mark_pending(std::uint32_t set) noexcept {
    std::atomic_ref(pending_sets_[set / 64]).fetch_or(std::uint64_t{1} << set % 64);
}

std::size_t RateZone::take_pending(std::uint32_t minute, std::size_t max,
                                   const std::function<void(const RatePending&)>& visit) {
    const std::size_t words = set_count_ / 64;
    std::size_t taken = 0;
    for (std::size_t looked = 0; looked < words && taken < max && usable(); ++looked) {
        std::uint64_t bits = std::atomic_ref(pending_sets_[next_word_]).exchange(0);
        const auto first_set = static_cast<std::uint32_t>(next_word_ * 64);
        for (; bits != 0 && taken < max; bits &= bits - 1) {
            take_from_set(first_set + static_cast<std::uint32_t>(std::countr_zero(bits)), minute,
                          visit, taken);
        }
        std::atomic_ref(pending_sets_[next_word_]).fetch_or(bits);
        next_word_ = (next_word_ + 1) % words;
    }
    return taken;
}

void RateZone::take_from_set(std::uint32_t set, std::uint32_t minute,
                             const std::function<void(const RatePending&)>& visit,
                             std::size_t& taken) {
    for (std::uint32_t i = set * kWays; i < (set + 1) * kWays; ++i) {
        Slot& slot = slots_[i];
        RatePending pending;
        pending.count = static_cast<std::uint32_t>(std::atomic_ref(slot.pending).exchange(0));
        if (pending.count == 0) {
            continue;
        }
        std::uint64_t own = load_word(slot.own);
        if (low_half(own) != minute) {
            own = minute;
            store_word(slot.others, 0);
        }
        store_word(slot.own, join_halves(minute, high_half(own) + pending.count));
        pending.slot = i;
        pending.key = load_word(slot.key);
        const std::uint64_t address = load_word(slot.address);
        std::memcpy(pending.address.bytes.data(), &address, sizeof address);
        pending.address.size = static_cast<std::uint8_t>(low_half(load_word(slot.shape)));
        pending.limit = {high_half(load_word(slot.shape)), load_word(slot.interval_ns)};
        visit(pending);
        ++taken;
    }
}

void RateZone::return_pending(const RatePending& pending) noexcept {
    Slot& slot = slots_[pending.slot];
    if (!usable() || load_word(slot.key) != pending.key) {
        return;
    }
    const std::uint64_t own = load_word(slot.own);
    store_word(slot.own, join_halves(low_half(own),
                                     high_half(own) - std::min(high_half(own), pending.count)));
    std::atomic_ref(slot.pending).fetch_add(pending.count);
    mark_pending(pending.slot / kWays);
}

void RateZone::reconcile(const RatePending& pending, std::uint32_t minute, std::uint64_t total,
                         std::uint64_t now_ns) noexcept {
    Slot& slot = slots_[pending.slot];
    const std::uint64_t own = load_word(slot.own);
    if (!usable() || load_word(slot.key) != pending.key || low_half(own) != minute) {
        return;
    }
    const std::uint64_t counted = load_word(slot.others) + high_half(own);
    if (total <= counted) {
        return;
    }
    store_word(slot.others, total - high_half(own));
    std::uint64_t tat_ns = load_word(slot.tat_ns);
    while (!std::atomic_ref(slot.tat_ns)
                .compare_exchange_weak(
                    tat_ns, gcra_advance(pending.limit, tat_ns, now_ns, total - counted))) {
    }
}

}  // namespace coupon
