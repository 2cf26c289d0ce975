// What is remarkable about a click; bits inside the processes, names in JSON and in PostgreSQL.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coupon {

namespace click_flag {

inline constexpr uint8_t bot = 1;
inline constexpr uint8_t head = 2;
inline constexpr uint8_t sig_missing = 4;
inline constexpr uint8_t sig_bad = 8;
inline constexpr uint8_t sig_expired = 16;

}  // namespace click_flag

struct ClickFlagName {
    uint8_t bit;
    std::string_view name;
};

inline constexpr std::array<ClickFlagName, 5> kClickFlagNames = {{
    {click_flag::bot, "bot"},
    {click_flag::head, "head"},
    {click_flag::sig_missing, "sig_missing"},
    {click_flag::sig_bad, "sig_bad"},
    {click_flag::sig_expired, "sig_expired"},
}};

}  // namespace coupon
