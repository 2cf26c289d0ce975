// Reading a directive's words and refusing them, for all files with directives.
#pragma once

#include "nginx.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace coupon {

inline char* const kFailed = static_cast<char*>(NGX_CONF_ERROR);

// The i-th word of the directive being read; 0 is its name.
std::string_view word(const ngx_conf_t* cf, ngx_uint_t i);

// Logs the directive's name and what is wrong; NGINX adds file and line.
char* refuse(ngx_conf_t* cf, std::string_view problem);
char* refuse(ngx_conf_t* cf, std::string_view problem, std::string_view value);

bool parse_size(std::string_view text, uint64_t& bytes);
bool parse_duration(std::string_view text, uint64_t& ms);

// "key=value" → value, when `text` starts with "key=".
std::optional<std::string_view> option(std::string_view text, std::string_view key);

}  // namespace coupon
