// SipHash-2-4 with a 64-bit result (Aumasson and Bernstein).
#pragma once

#include <cstddef>
#include <cstdint>

namespace coupon {

/// The 16 key bytes as two little-endian words, first one first.
struct SipKey {
    uint64_t k0 = 0;
    uint64_t k1 = 0;

    friend bool operator==(const SipKey&, const SipKey&) = default;
};

uint64_t siphash24(SipKey key, const void* data, size_t size) noexcept;

}  // namespace coupon
