// A 128-bit identifier and its canonical text (RFC 9562), 8-4-4-4-12 hexadecimal digits.
#pragma once

#include <array>
#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace coupon {

inline constexpr size_t kUuidTextBytes = 36;

struct Uuid {
    std::array<uint8_t, 16> bytes{};

    friend bool operator==(const Uuid&, const Uuid&) = default;
    friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// The 36 characters with dashes, any case; nothing for any other text.
std::optional<Uuid> parse_uuid(std::string_view text) noexcept;

/// Lower-case text, exactly 36 characters, no terminator.
void write_uuid(const Uuid& uuid, char* out) noexcept;

std::string to_string(const Uuid& uuid);

namespace detail {

/// parse_uuid over 36 readable characters, for callers that know the length. False when malformed.
bool read_uuid(const char* text, Uuid& uuid) noexcept;

}  // namespace detail

}  // namespace coupon

template <>
struct std::hash<coupon::Uuid> {
    size_t operator()(const coupon::Uuid& uuid) const noexcept {
        auto high = coupon::load<uint64_t>(uuid.bytes.data());
        auto low = coupon::load<uint64_t>(uuid.bytes.data() + 8);
        return (high ^ (low << 32 | low >> 32)) * 0x9e3779b97f4a7c15;
    }
};
