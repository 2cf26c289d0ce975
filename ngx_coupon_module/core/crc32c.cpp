#include "core/crc32c.hpp"

#include <array>

#include "core/bytes.hpp"

namespace coupon {

namespace {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables make_tables() {
    constexpr uint32_t kReflectedPolynomial = 0x82f63b78;
    Tables tables{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
        tables[0][byte] = crc;
    }
    for (size_t slice = 1; slice < tables.size(); ++slice) {
        for (uint32_t byte = 0; byte < 256; ++byte) {
            uint32_t before = tables[slice - 1][byte];
            tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
        }
    }
    return tables;
}

constexpr Tables kTables = make_tables();

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) uint32_t crc32c_sse42(uint32_t seed, const unsigned char* from,
                                                        size_t size) noexcept {
    uint64_t crc = ~seed;
    for (; size >= 32; size -= 32, from += 32) {
        crc = __builtin_ia32_crc32di(crc, load<uint64_t>(from));
        crc = __builtin_ia32_crc32di(crc, load<uint64_t>(from + 8));
        crc = __builtin_ia32_crc32di(crc, load<uint64_t>(from + 16));
        crc = __builtin_ia32_crc32di(crc, load<uint64_t>(from + 24));
    }
    for (; size >= 8; size -= 8, from += 8)
        crc = __builtin_ia32_crc32di(crc, load<uint64_t>(from));
    auto narrow = static_cast<uint32_t>(crc);
    for (; size > 0; --size, ++from)
        narrow = __builtin_ia32_crc32qi(narrow, *from);
    return ~narrow;
}

bool detect_sse42() noexcept {
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2") != 0;
}

const bool kHasSse42 = detect_sse42();

#endif

}  // namespace

namespace detail {

uint32_t crc32c_portable(uint32_t seed, const void* data, size_t size) noexcept {
    auto from = static_cast<const unsigned char*>(data);
    uint32_t crc = ~seed;
    for (; size >= 8; size -= 8, from += 8) {
        uint64_t word = load<uint64_t>(from) ^ crc;
        crc = 0;
        for (size_t byte = 0; byte < 8; ++byte)
            crc ^= kTables[7 - byte][word >> (8 * byte) & 0xff];
    }
    for (; size > 0; --size, ++from)
        crc = (crc >> 8) ^ kTables[0][(crc ^ *from) & 0xff];
    return ~crc;
}

}  // namespace detail

uint32_t crc32c(uint32_t seed, const void* data, size_t size) noexcept {
#if defined(__x86_64__)
    if (kHasSse42)
        return crc32c_sse42(seed, static_cast<const unsigned char*>(data), size);
#endif
    return detail::crc32c_portable(seed, data, size);
}

}  // namespace coupon
