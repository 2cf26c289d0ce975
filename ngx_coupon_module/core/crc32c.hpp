// CRC-32C (Castagnoli), as iSCSI (RFC 3720) uses it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace coupon {

/// Continues from `seed`, the CRC of everything before (0 at the start). Uses the processor's
/// instruction where it has one.
uint32_t crc32c(uint32_t seed, const void* data, size_t size) noexcept;

namespace detail {

/// The table version, for processors without the instruction and for tests.
uint32_t crc32c_portable(uint32_t seed, const void* data, size_t size) noexcept;

}  // namespace detail

}  // namespace coupon
