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

struct LoggedLine {
    std::vector<Uuid> ids;
    bool unjournaled = false;
};

// The ids of one line: version 7 UUIDs. Where it is a JSON object, the values of members with
// "click" in their name; else what stands alone, or behind '=' or ':' and such a name. Ids inside a
// URL (…/out/shop/<uuid>, ?c=<uuid>) are somebody else's.
LoggedLine read_logged_line(std::string_view line);

// Throws ConfigError when the file cannot be read.
LoggedClicks read_access_log(const std::string& path);

}  // namespace coupon
