#include "random_seed.hpp"

#include <sys/random.h>

#include <stdexcept>

namespace coupon {

uint64_t random_seed() {
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
        throw std::runtime_error("the system has no random numbers");
    }
    return seed;
}

}  // namespace coupon
