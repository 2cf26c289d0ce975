// What a target asserts of its input, and how it takes an input apart.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// Ends the run, and libFuzzer keeps the input, where a property does not hold.
inline void check(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    if (!holds) {
        std::fprintf(stderr, "%s:%d: a property does not hold\n", file, line);
        abort();
    }
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Cuts the text up to `separator`, which is dropped, from the front; all of it where there is none.
inline std::string_view take_until(std::string_view& text, std::string_view separator = "\n") {
    const auto at = text.find(separator);
    const auto taken = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + separator.size());
    return taken;
}

inline uint8_t take_byte(std::string_view& text) {
    if (text.empty()) {
        return 0;
    }
    const auto byte = static_cast<uint8_t>(text.front());
    text.remove_prefix(1);
    return byte;
}

/// Overwrites bytes of an image: three bytes a change, offset (little-endian) and value.
inline void overwrite(char* image, size_t bytes, std::string_view changes) {
    for (; changes.size() >= 3; changes.remove_prefix(3)) {
        const auto* change = reinterpret_cast<const uint8_t*>(changes.data());
        image[(change[0] | change[1] << 8) % bytes] = static_cast<char>(change[2]);
    }
}

/// What PostgreSQL takes into a column of type text: UTF-8 without U+0000.
inline bool is_storable(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        const auto byte = [&](size_t place) {
            return at + place < text.size() ? static_cast<uint8_t>(text[at + place]) : 0;
        };
        const unsigned first = byte(0);
        const size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        uint32_t code = length == 1 ? first : first & (0x7fU >> length);
        for (size_t place = 1; place < length; ++place) {
            if ((byte(place) & 0xc0) != 0x80) {
                return false;
            }
            code = code << 6 | (byte(place) & 0x3f);
        }
        constexpr uint32_t least[] = {0, 1, 0x80, 0x800, 0x10000};
        if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ||
            (first >= 0x80 && first < 0xc0) || first >= 0xf8) {
            return false;
        }
        at += length;
    }
    return true;
}

/// Whether a text in the JSON has U+0000 as an escape, which jsonb refuses.
inline bool has_nul_escape(std::string_view json) {
    for (size_t at = json.find("\\u0000"); at != std::string_view::npos;
         at = json.find("\\u0000", at + 1)) {
        const auto before = json.substr(0, at).find_last_not_of('\\');
        const auto backslashes = at - (before == std::string_view::npos ? 0 : before + 1);
        if (backslashes % 2 == 0) {
            return true;
        }
    }
    return false;
}

inline bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}
