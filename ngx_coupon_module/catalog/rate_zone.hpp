// How much of its rate limit each client address has used, in memory shared by all NGINX
// processes. A request of an address seen before is one compare-and-swap; only a new address
// takes a lock. Knows no clock, no Redis, no NGINX.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "catalog/keyed_hash.hpp"
#include "catalog/zone_prefix.hpp"
#include "core/client_address.hpp"
#include "core/gcra.hpp"

namespace coupon {

// Requests of one address that other edges have not been told of.
struct RatePending {
    std::uint32_t slot = 0;
    std::uint64_t key = 0;
    ClientAddress address;
    RateLimit limit;
    std::uint32_t count = 0;
};

class RateZone {
  public:
    static constexpr std::size_t kMinBytes = 64 * 1024;

    // As CatalogZone's: 64-byte aligned shared memory; keeps what has this layout and size.
    // Throws std::invalid_argument or std::system_error.
    RateZone(void* memory, std::size_t bytes);

    // One request at now_ns (CLOCK_MONOTONIC). Addresses are limited per limit: locations with
    // the same limit share it. Of several processes with one address exactly limit.burst pass
    // at once. When the zone is too small, the address nearest to a full refill is forgotten.
    Decision check(const ClientAddress& address, const RateLimit& limit,
                   std::uint64_t now_ns) noexcept;

    // Hands over the counts of up to max addresses, to be added to Redis' counters of that
    // epoch minute; they count as told from here on. For one process at a time.
    std::size_t take_pending(std::uint32_t minute, std::size_t max,
                             const std::function<void(const RatePending&)>& visit);
    // Redis did not take it.
    void return_pending(const RatePending& pending) noexcept;
    // Redis' counter of that minute after adding: what other edges let pass counts here too.
    void reconcile(const RatePending& pending, std::uint32_t minute, std::uint64_t total,
                   std::uint64_t now_ns) noexcept;

    // Addresses forgotten before their refill was over: the zone is too small.
    std::uint64_t displaced() const noexcept;

  private:
    struct Header;
    struct Slot;

    bool usable() const noexcept;
    std::uint64_t key_of(const ClientAddress& address, const RateLimit& limit) const noexcept;
    Slot* find(std::uint64_t key) const noexcept;
    Slot* insert(std::uint64_t key, const ClientAddress& address, const RateLimit& limit,
                 std::uint64_t now_ns) noexcept;
    void count(Slot& slot) noexcept;
    void mark_pending(std::uint32_t set) noexcept;
    void take_from_set(std::uint32_t set, std::uint32_t minute,
                       const std::function<void(const RatePending&)>& visit, std::size_t& taken);

    ZonePrefix* prefix_;
    Header* header_;
    std::uint64_t* pending_sets_;  // a bit for each set that has something to hand over
    Slot* slots_;
    std::uint32_t set_count_;
    std::uint64_t instance_ = 0;
    HashKey hash_key_;
    std::size_t next_word_ = 0;  // of pending_sets_, where the next take_pending() begins
};

}  // namespace coupon
