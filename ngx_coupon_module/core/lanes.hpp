// Sixteen bytes handled at once. GCC and Clang lower the vector types to SSE2, NEON or plain
// integers; the two operations they lower badly are named here.
#pragma once

#include "core/bytes.hpp"

namespace coupon {

using Bytes16 = uint8_t __attribute__((vector_size(16)));
using SignedBytes16 = int8_t __attribute__((vector_size(16)));
using Words8 = uint16_t __attribute__((vector_size(16)));
using Words2 = uint64_t __attribute__((vector_size(16)));

/// The result of a comparison as bytes of all ones or all zeros.
template <typename Vector>
inline Bytes16 as_lanes(Vector compared) noexcept {
    return reinterpret_cast<Bytes16>(compared);
}

/// One bit for each lane of a comparison, the first lane lowest.
inline unsigned lane_bits(Bytes16 lanes) noexcept {
#if defined(__SSE2__)
    using Chars16 = char __attribute__((vector_size(16)));
    return static_cast<unsigned>(__builtin_ia32_pmovmskb128(reinterpret_cast<Chars16>(lanes)));
#else
    unsigned bits = 0;
    for (unsigned lane = 0; lane < 16; ++lane) {
        bits |= (lanes[lane] & 1u) << lane;
    }
    return bits;
#endif
}

/// Whether a comparison holds in any lane.
inline bool any_lane(Bytes16 lanes) noexcept {
#if defined(__SSE2__)
    return lane_bits(lanes) != 0;
#else
    auto words = reinterpret_cast<Words2>(lanes);
    return (words[0] | words[1]) != 0;
#endif
}

/// The low bytes of eight and eight words, all of which are below 256.
inline Bytes16 pack_words(Words8 first, Words8 second) noexcept {
#if defined(__SSE2__)
    using Shorts8 = int16_t __attribute__((vector_size(16)));
    return reinterpret_cast<Bytes16>(__builtin_ia32_packuswb128(reinterpret_cast<Shorts8>(first),
                                                                reinterpret_cast<Shorts8>(second)));
#else
    return __builtin_shufflevector(reinterpret_cast<Bytes16>(first),
                                   reinterpret_cast<Bytes16>(second), 0, 2, 4, 6, 8, 10, 12, 14, 16,
                                   18, 20, 22, 24, 26, 28, 30);
#endif
}

}  // namespace coupon
