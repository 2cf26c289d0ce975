#include "catalog/zone_prefix.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

#include "catalog/shared_lock.hpp"
#include "catalog/shared_words.hpp"

namespace coupon {

std::uint64_t random_word() {
    std::uint64_t value = 0;
    while (value == 0) {
        if (getrandom(&value, sizeof value, 0) != sizeof value && errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "getrandom");
        }
    }
    return value;
}

bool attach_zone(ZonePrefix& prefix, std::uint64_t magic, std::uint64_t layout, std::uint64_t bytes,
                 const std::function<void()>& initialise) {
    constexpr unsigned kWaitMs = 1000;
    if (load_word(prefix.magic) != magic) {
        store_word(prefix.instance, 0);
        make_shared_lock(prefix.lock);
        store_word(prefix.magic, magic);
    } else if (load_word(prefix.instance) != 0 && load_word(prefix.layout) == layout &&
               load_word(prefix.bytes) == bytes) {
        return true;
    }
    // A writer of the former layout may be in the middle of a change: it ends under the lock,
    // and the next one finds its instance gone. One that is stopped is not waited for longer.
    SharedLock lock(prefix.lock, kWaitMs);
    store_word(prefix.instance, 0);
    store_word(prefix.layout, layout);
    store_word(prefix.bytes, bytes);
    store_word(prefix.pressure, 0);
    initialise();
    store_word(prefix.instance, random_word());
    return false;
}

}  // namespace coupon
