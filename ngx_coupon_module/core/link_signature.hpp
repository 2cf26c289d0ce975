// Signed links: ?e=<unix s>&s=<base64url HMAC-SHA256> prove that the shop, not a stranger, put the
// user into the URL.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/uuid.hpp"

namespace coupon {

enum class LinkVerdict : uint8_t { ok, missing, bad, expired };

/// base64url without padding of HMAC-SHA256(secret, "v1\n" offer "\n" user "\n" e), the offer in
/// lower case.
std::string sign_link(std::string_view secret, const Uuid& offer, uint64_t user, int64_t expires_s);

/// Accepts a signature by any of the secrets. Missing: `e` or `s` is empty. Expired (only said of a
/// good signature): `now_s` is past `e`.
LinkVerdict verify_link(std::span<const std::string> secrets, const Uuid& offer, uint64_t user,
                        std::string_view e, std::string_view s, int64_t now_s);

}  // namespace coupon
