#include "core/json_text.hpp"

#include "core/lanes.hpp"

namespace coupon {

namespace {

/// Plain bytes go out as they came: printable ASCII and DEL, neither quote nor backslash.
inline Bytes16 plain_lanes(Bytes16 text) noexcept {
    // Flipping bit 1 puts the quote to where the space was: among the control characters and, as
    // signed lanes, all bytes from 0x80 on.
    auto flipped = reinterpret_cast<SignedBytes16>(text ^ uint8_t{2});
    return as_lanes(flipped > int8_t{0x20}) & ~as_lanes(text == uint8_t{'\\'});
}

inline bool all_lanes(Bytes16 lanes) noexcept {
    return lane_bits(lanes) == 0xffff;
}

bool is_plain(unsigned char c) noexcept {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/// Length of the well-formed UTF-8 character of two to four bytes at `from` (Unicode table 3-7), 0
/// when there is none.
size_t multibyte_length(const unsigned char* from, size_t left) noexcept {
    unsigned char lead = from[0];
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (left < length)
        return 0;
    unsigned char lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (from[1] < lowest || from[1] > highest)
        return 0;
    for (size_t at = 2; at < length; ++at) {
        if ((from[at] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

char* put_escaped_ascii(char* out, unsigned char c) noexcept {
    switch (c) {
        case '"':
            return put(out, "\\\"");
        case '\\':
            return put(out, "\\\\");
        case '\n':
            return put(out, "\\n");
        case '\r':
            return put(out, "\\r");
        case '\t':
            return put(out, "\\t");
        default:
            break;
    }
    constexpr char kDigits[] = "0123456789abcdef";
    out = put(out, "\\u00");
    *out++ = kDigits[c >> 4];
    *out++ = kDigits[c & 15];
    return out;
}

/// One character of any kind; moves `from` behind it.
char* put_character(char* out, const unsigned char*& from, const unsigned char* end) noexcept {
    unsigned char c = *from;
    if (is_plain(c)) {
        *out++ = static_cast<char>(c);
        ++from;
        return out;
    }
    if (c != 0 && c < 0x80) {
        ++from;
        return put_escaped_ascii(out, c);
    }
    size_t length = c == 0 ? 0 : multibyte_length(from, static_cast<size_t>(end - from));
    if (length == 0) {
        ++from;
        return put(out, "\xef\xbf\xbd");
    }
    for (size_t at = 0; at < length; ++at)
        *out++ = static_cast<char>(*from++);
    return out;
}

__attribute__((noinline)) char* append_mixed(char* out, const unsigned char* from,
                                             const unsigned char* end) noexcept {
    while (from < end) {
        if (end - from >= 16) {
            auto block = load<Bytes16>(from);
            if (all_lanes(plain_lanes(block))) {
                store(out, block);
                out += 16;
                from += 16;
                continue;
            }
        }
        const unsigned char* pause = end - from > 16 ? from + 16 : end;
        while (from < pause)
            out = put_character(out, from, end);
    }
    return out;
}

}  // namespace

char* append_json_string(char* out, std::string_view bytes) noexcept {
    auto from = reinterpret_cast<const unsigned char*>(bytes.data());
    size_t size = bytes.size();
    const unsigned char* end = from + size;
    // What fills no block is copied a second time together with plain bytes before it.
    if (size >= 16) {
        size_t last = size - 16;
        size_t at = 0;
        for (; at + 16 < last; at += 32) {
            auto first = load<Bytes16>(from + at);
            auto second = load<Bytes16>(from + at + 16);
            store(out + at, first);
            store(out + at + 16, second);
            if (!all_lanes(plain_lanes(first) & plain_lanes(second)))
                return append_mixed(out + at, from + at, end);
        }
        auto block = load<Bytes16>(from + (at < last ? at : last));
        auto rest = load<Bytes16>(from + last);
        if (!all_lanes(plain_lanes(block) & plain_lanes(rest)))
            return append_mixed(out + at, from + at, end);
        store(out + (at < last ? at : last), block);
        store(out + last, rest);
        return out + size;
    }
    if (size >= 8) {
        auto first = load<uint64_t>(from);
        auto rest = load<uint64_t>(end - 8);
        if (!all_lanes(plain_lanes(reinterpret_cast<Bytes16>(Words2{first, rest}))))
            return append_mixed(out, from, end);
        store(out, first);
        store(out + size - 8, rest);
        return out + size;
    }
    if (size >= 4) {
        auto first = load<uint32_t>(from);
        auto rest = load<uint32_t>(end - 4);
        uint64_t both = first | uint64_t{rest} << 32;
        if (!all_lanes(plain_lanes(reinterpret_cast<Bytes16>(Words2{both, both}))))
            return append_mixed(out, from, end);
        store(out, first);
        store(out + size - 4, rest);
        return out + size;
    }
    for (size_t at = 0; at < size; ++at) {
        if (!is_plain(from[at]))
            return append_mixed(out, from, end);
        out[at] = static_cast<char>(from[at]);
    }
    return out + size;
}

void replace_nul(std::string& text) {
    for (size_t at = text.find('\0'); at != std::string::npos; at = text.find('\0', at))
        text.replace(at, 1, "\xef\xbf\xbd");
}

std::string_view utf8_prefix(std::string_view bytes, size_t max_bytes) noexcept {
    if (bytes.size() <= max_bytes)
        return bytes;
    size_t cut = max_bytes;
    // A lead byte at most three before the cut may need bytes behind it.
    for (size_t back = 1; back <= 3 && back <= max_bytes; ++back) {
        auto c = static_cast<unsigned char>(bytes[max_bytes - back]);
        if ((c & 0xc0) == 0x80)
            continue;
        size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        if (length > back)
            cut = max_bytes - back;
        break;
    }
    return bytes.substr(0, cut);
}

}  // namespace coupon
