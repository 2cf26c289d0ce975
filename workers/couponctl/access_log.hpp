// Click ids in an access log that has $coupon_click_id in its format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/uuid.hpp"

namespace coupon {

struct LoggedClicks {
    std::vector<Uuid> ids;  // sorted, each once
    std::uint64_t lines = 0;
    std::uint64_t unjournaled = 0;  // lines that say so: those clicks are known to be lost
};

// The ids of one line: version 7 UUIDs that stand alone, as a JSON value, or behind '=' or ':' and
// a name with "click" in it. Ids inside a URL (…/out/shop/<uuid>, ?c=<uuid>) are somebody else's.
std::vector<Uuid> click_ids_of_line(std::string_view line);

// Throws ConfigError when the file cannot be read.
LoggedClicks read_access_log(const std::string& path);

}  // namespace coupon
