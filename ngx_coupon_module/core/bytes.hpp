// Fixed-width loads, stores and short copies for the request path. All stored integers are
// little-endian.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace coupon {

static_assert(std::endian::native == std::endian::little,
              "stored integers are written in native order");

template <typename T>
inline T load(const void* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <typename T>
inline void store(void* to, T value) noexcept {
    std::memcpy(to, &value, sizeof value);
}

/// memcpy for the short runs of a URL or a record, without the call. Returns the end of what was
/// written.
inline char* copy_bytes(char* out, const char* from, size_t size) noexcept {
    if (size >= 16) {
        size_t at = 0;
        for (; at + 16 <= size; at += 16)
            store(out + at, load<unsigned __int128>(from + at));
        store(out + size - 16, load<unsigned __int128>(from + size - 16));
    } else if (size >= 8) {
        auto head = load<uint64_t>(from);
        auto tail = load<uint64_t>(from + size - 8);
        store(out, head);
        store(out + size - 8, tail);
    } else if (size >= 4) {
        auto head = load<uint32_t>(from);
        auto tail = load<uint32_t>(from + size - 4);
        store(out, head);
        store(out + size - 4, tail);
    } else {
        for (size_t at = 0; at < size; ++at)
            out[at] = from[at];
    }
    return out + size;
}

/// Writes a string literal without its terminator. Returns the end of what was written.
template <size_t N>
inline char* put(char* out, const char (&literal)[N]) noexcept {
    std::memcpy(out, literal, N - 1);
    return out + N - 1;
}

}  // namespace coupon
