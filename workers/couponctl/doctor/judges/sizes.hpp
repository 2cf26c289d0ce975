// Sizes as people read them.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace coupon::doctor {

// "512 MB", "1.5 GB".
inline std::string size_text(std::uint64_t bytes) {
    constexpr std::array<const char*, 5> units{"B", "KB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    std::uint64_t tenths = bytes * 10;
    while (tenths >= 10 * 1024 && unit + 1 < units.size()) {
        tenths /= 1024;
        ++unit;
    }
    const bool whole = tenths >= 1000 || tenths % 10 == 0;
    return std::to_string(tenths / 10) + (whole ? "" : "." + std::to_string(tenths % 10)) + " " +
           units.at(unit);
}

}  // namespace coupon::doctor
