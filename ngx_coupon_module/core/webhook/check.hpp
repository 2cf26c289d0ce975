// What the providers' files share: answers, the one signature header, the age of a signature.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/webhook/provider.hpp"

namespace coupon {

inline WebhookCheck accepted(WebhookTrust trust) noexcept {
    return {WebhookVerdict::accepted, trust, {}};
}

inline WebhookCheck refused(WebhookVerdict verdict, std::string_view reason) noexcept {
    return {verdict, WebhookTrust::unverified, reason};
}

/// A header that must be there once. `problem` is set, and the value empty, when it is not: missing
/// when absent or empty, malformed when given twice.
std::string_view one_header(const WebhookRequest& request, std::string_view name,
                            std::optional<WebhookCheck>& problem) noexcept;

/// Whether a signature can be the digest of so many bytes: lower-case hexadecimal or padded base64.
bool is_hex_of(std::string_view text, size_t digest_bytes) noexcept;
bool is_base64_of(std::string_view text, size_t digest_bytes);

/// Where nothing stands between a signed time and the body behind it: a digit that moved from one to
/// the other would be signed too.
bool splits_one_way(std::string_view time, std::string_view body) noexcept;

/// Digits only, without leading zeros, below 10^15. Values from 10^11 on are milliseconds, smaller
/// ones seconds (10^11 s is the year 5138, 10^11 ms is 1973).
std::optional<int64_t> parse_unix_ms(std::string_view text) noexcept;

/// Says so when the signed time is further from now than the tolerance, in either direction.
WebhookCheck accepted_unless_stale(const WebhookSettings& settings, const WebhookRequest& request,
                                   int64_t signed_ms, WebhookTrust trust) noexcept;

/// As above for a time as text. It is read only where a tolerance is set; malformed if it is none.
WebhookCheck accepted_unless_stale(const WebhookSettings& settings, const WebhookRequest& request,
                                   std::string_view signed_time, WebhookTrust trust) noexcept;

/// check_secret for secrets of any form.
std::string any_secret(const WebhookSecret& secret);

/// check_secret for tokens: what can stand as a path segment without percent-encoding.
std::string url_token(const WebhookSecret& token);

}  // namespace coupon
