#include "core/link_signature.hpp"

#include "core/base64.hpp"
#include "core/decimal.hpp"
#include "core/hmac.hpp"

namespace coupon {

std::string sign_link(std::string_view secret, const Uuid& offer, uint64_t user,
                      int64_t expires_s) {
    std::string message =
        "v1\n" + to_string(offer) + '\n' + std::to_string(user) + '\n' + std::to_string(expires_s);
    return base64url_encode(as_text(hmac_sha256(secret, message)));
}

LinkVerdict verify_link(std::span<const std::string> secrets, const Uuid& offer, uint64_t user,
                        std::string_view e, std::string_view s, int64_t now_s) {
    if (e.empty() || s.empty())
        return LinkVerdict::missing;
    auto expires_s = parse_positive(e);
    if (!expires_s)
        return LinkVerdict::bad;
    bool matched = false;
    for (const std::string& secret : secrets) {
        matched |= constant_time_equal(sign_link(secret, offer, user, *expires_s), s);
    }
    if (!matched)
        return LinkVerdict::bad;
    return now_s > *expires_s ? LinkVerdict::expired : LinkVerdict::ok;
}

}  // namespace coupon
