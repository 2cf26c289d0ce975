#include "journal/random_uuid.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace coupon {

Uuid random_uuid() {
    Uuid uuid;
    while (::getrandom(uuid.bytes.data(), uuid.bytes.size(), 0) !=
           static_cast<ssize_t>(uuid.bytes.size())) {
        if (errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "getrandom");
        }
    }
    uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);
    uuid.bytes[8] = static_cast<uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}

}  // namespace coupon
