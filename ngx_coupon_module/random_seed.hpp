// 64 bits of the system's random source.
#pragma once

#include <cstdint>

namespace coupon {

// Throws std::runtime_error when there are none.
uint64_t random_seed();

}  // namespace coupon
