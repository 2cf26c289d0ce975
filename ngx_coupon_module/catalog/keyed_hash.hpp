// A fast hash of 16 bytes under a random key. Nobody outside sees its results, so its key
// cannot be worked out and places in a table cannot be aimed at.
#pragma once

#include <cstdint>

namespace coupon {

struct HashKey {
    std::uint64_t word[2] = {};
};

inline std::uint64_t keyed_hash(const HashKey& key, std::uint64_t first,
                                std::uint64_t second) noexcept {
    const auto product =
        static_cast<unsigned __int128>(first ^ key.word[0]) * (second ^ key.word[1]);
    return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}

// A hash as a place in a table of `size`.
constexpr std::uint32_t place_of(std::uint64_t hash, std::uint32_t size) noexcept {
    return static_cast<std::uint32_t>((hash >> 32) * size >> 32);
}

}  // namespace coupon
