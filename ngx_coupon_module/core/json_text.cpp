#include "core/json_text.hpp"

#include "core/bytes.hpp"

namespace coupon {

namespace {

/// Plain: printable ASCII and DEL, neither quote nor backslash. Bytes from 0x80 on are negative as
/// signed lanes.
bool all_plain(Bytes16 text) noexcept {
    auto low = reinterpret_cast<Bytes16>(reinterpret_cast<SignedBytes16>(text) < int8_t{0x20});
    auto quote = reinterpret_cast<Bytes16>(text == uint8_t{'"'});
    auto backslash = reinterpret_cast<Bytes16>(text == uint8_t{'\\'});
    return !any_lane(low | quote | backslash);
}

/// The same for eight bytes. A set high bit after a lane's subtraction marks a lane that is not
/// plain; a borrow can only mark a lane above one that is marked already, so the answer for the
/// whole word is exact.
bool all_plain(uint64_t text) noexcept {
    constexpr uint64_t kOnes = 0x0101010101010101;
    uint64_t quote = text ^ kOnes * '"';
    uint64_t backslash = text ^ kOnes * '\\';
    return (((text - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes) | text) &
            kOnes * 0x80) == 0;
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
            if (all_plain(block)) {
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
    // The rest that fills no block is copied together with plain bytes before it.
    if (size >= 16) {
        size_t at = 0;
        for (; at + 16 <= size; at += 16) {
            auto block = load<Bytes16>(from + at);
            if (!all_plain(block))
                return append_mixed(out + at, from + at, end);
            store(out + at, block);
        }
        auto block = load<Bytes16>(end - 16);
        if (!all_plain(block))
            return append_mixed(out + at, from + at, end);
        store(out + size - 16, block);
        return out + size;
    }
    if (size >= 8) {
        auto head = load<uint64_t>(from);
        auto tail = load<uint64_t>(end - 8);
        if (!all_plain(head) || !all_plain(tail))
            return append_mixed(out, from, end);
        store(out, head);
        store(out + size - 8, tail);
        return out + size;
    }
    for (const unsigned char* at = from; at < end; ++at) {
        if (!is_plain(*at))
            return append_mixed(out, from, end);
        out[at - from] = static_cast<char>(*at);
    }
    return out + size;
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
