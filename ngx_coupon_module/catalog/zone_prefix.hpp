// The first 128 bytes of every shared zone of ours. They keep their meaning in all versions:
// after a reload with another build of the module, old workers still use the same memory.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace coupon {

struct alignas(64) ZonePrefix {
    std::uint64_t instance;  // random, another one after each initialisation; 0 while not usable
    std::uint64_t magic;     // which kind of zone
    std::uint64_t layout;    // version and sizes of everything behind the prefix
    std::uint64_t bytes;     // of the whole zone
    std::uint64_t pressure;  // catalogue: something was evicted, so readers note what they use
    alignas(64) pthread_mutex_t lock;
};
static_assert(sizeof(ZonePrefix) == 128);

// A random number from the kernel, never 0. Throws std::system_error.
std::uint64_t random_word();

// Takes over a zone of that kind, layout and size as it stands, or has `initialise` make a
// new one in its place. Processes attached to the former one see their instance gone and use
// nothing of it any more. Returns whether the contents were kept. One process at a time
// attaches (NGINX's master). Throws std::system_error.
bool attach_zone(ZonePrefix& prefix, std::uint64_t magic, std::uint64_t layout, std::uint64_t bytes,
                 const std::function<void()>& initialise);

}  // namespace coupon
