// Who asks PostgreSQL about an offer that is not in the catalogue, and which offers it does
// not know: bounded, so that a flood of invented ids costs nothing but this table's memory.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <cstdint>

#include "core/uuid.hpp"

namespace coupon {

enum class MissClaim : std::uint8_t {
    you_ask,        // ask PostgreSQL, then settle or clear
    someone_asks,   // look the offer up again in a moment, and claim again
    known_unknown,  // PostgreSQL said a moment ago that there is no such offer
};

struct MissSlot {
    std::uint64_t id[2];
    std::uint64_t
        until;  // deadline in ms (63 bits), lowest bit: unknown rather than asked; 0: free
};

// A view over slots and a lock in shared memory; all functions are for any process.
class MissTable {
  public:
    static constexpr std::size_t kWays = 16;

    // `slots` is a multiple of `kWays`.
    MissTable(MissSlot* slots, std::size_t slot_count, pthread_mutex_t& lock) noexcept
        : slots_(slots), set_count_(static_cast<std::uint32_t>(slot_count / kWays)), lock_(&lock) {}

    MissClaim claim(const Uuid& id, std::uint64_t hash, std::uint64_t now_ms,
                    std::uint64_t timeout_ms) noexcept;
    // False: somebody stands still with the lock, and nothing is remembered.
    bool settle(const Uuid& id, std::uint64_t hash, std::uint64_t unknown_until_ms) noexcept;
    void clear(const Uuid& id, std::uint64_t hash) noexcept;

  private:
    MissSlot* set_of(std::uint64_t hash) const noexcept;

    MissSlot* slots_;
    std::uint32_t set_count_;
    pthread_mutex_t* lock_;
};

}  // namespace coupon
