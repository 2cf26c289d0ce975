// What a redirect URL says: /out/<merchant>/<offer>[/<user>]?c=…&e=…&s=…
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/uuid.hpp"

namespace coupon {

struct RedirectPath {
    std::string_view merchant;  // points into the text that was parsed
    Uuid offer;
    uint64_t user = 0;  // 0: none given
};

/// Merchant: 1–64 of [A-Za-z0-9_-]. Offer: UUID, any case. User: 1…2^63-1 without leading zeros.
/// Nothing for any other path, an empty last segment included.
std::optional<RedirectPath> parse_redirect_path(std::string_view uri) noexcept;

struct RedirectArgs {
    std::string_view c;  // the front end's own click id
    std::string_view e;  // link expiry, Unix seconds
    std::string_view s;  // link signature
};

/// The first value of each parameter, not percent-decoded (no valid one needs it); unknown ones are
/// ignored.
RedirectArgs parse_redirect_args(std::string_view query) noexcept;

}  // namespace coupon
