// Access to 64-bit words of memory that several processes share. Every load acquires and
// every store releases: on x86 these are plain moves, and a reader that has seen any word
// of a later change also sees everything stored before it.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

namespace coupon {

static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);
static_assert(std::endian::native == std::endian::little,
              "the zone's words hold little-endian bytes");

inline std::uint64_t load_word(const std::uint64_t& word) noexcept {
    // C++20 has no atomic_ref of a const object; nothing is written here.
    return std::atomic_ref(const_cast<std::uint64_t&>(word)).load(std::memory_order_acquire);
}

inline void store_word(std::uint64_t& word, std::uint64_t value) noexcept {
    std::atomic_ref(word).store(value, std::memory_order_release);
}

// Two 32-bit halves of one word.
constexpr std::uint32_t low_half(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word);
}
constexpr std::uint32_t high_half(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> 32);
}
constexpr std::uint64_t join_halves(std::uint32_t low, std::uint32_t high) noexcept {
    return static_cast<std::uint64_t>(high) << 32 | low;
}

}  // namespace coupon
