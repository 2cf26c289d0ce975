// The bytes of a compiled destination, known to its compiler and to its interpreter only:
//   u8 version, u8 number of macros, then for each: u16 length, literal text, u8 Macro; at last u16
//   length, literal text, u8 Macro::end.
#pragma once

#include <cstddef>
#include <cstdint>

namespace coupon::detail {

inline constexpr uint8_t kProgramVersion = 1;
inline constexpr size_t kProgramHeaderBytes = 2;
inline constexpr size_t kProgramStepBytes = 3;  // beside the literal
inline constexpr size_t kProgramMacrosMax = 32;

enum class Macro : uint8_t { end, click_id, user_id, device, country, timestamp };

}  // namespace coupon::detail
