// Standard Webhooks: "id.time.body" under HMAC-SHA256, several signatures in one header while the
// sender changes its secret.
#include <algorithm>

#include "core/base64.hpp"
#include "core/hmac.hpp"
#include "core/webhook/check.hpp"
#include "core/webhook/providers.hpp"

namespace coupon {

namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::string_view kVersionPrefix = "v1,";
constexpr size_t kKeyMinBytes = 24;
constexpr size_t kKeyMaxBytes = 64;
constexpr size_t kSignaturesMax = 16;

std::optional<std::string> key_of(std::string_view secret) {
    if (secret.starts_with(kSecretPrefix))
        secret.remove_prefix(kSecretPrefix.size());
    return base64_decode(secret);
}

/// Signatures of other versions are left out. Nothing when there are too many.
std::optional<std::vector<std::string_view>> signatures_of(std::string_view header) {
    std::vector<std::string_view> signatures;
    size_t seen = 0;
    while (!header.empty()) {
        std::string_view word = header.substr(0, header.find(' '));
        header.remove_prefix(std::min(word.size() + 1, header.size()));
        if (++seen > kSignaturesMax)
            return std::nullopt;
        if (word.starts_with(kVersionPrefix))
            signatures.push_back(word.substr(kVersionPrefix.size()));
    }
    return signatures;
}

bool any_matches(const std::vector<std::string_view>& signatures, std::string_view expected) {
    bool matched = false;
    for (std::string_view signature : signatures)
        matched |= constant_time_equal(expected, signature);
    return matched;
}

}  // namespace

WebhookCheck verify_standard_webhook(const WebhookSettings& settings,
                                     const WebhookRequest& request) {
    std::optional<WebhookCheck> problem;
    std::string_view header = one_header(request, "webhook-signature", problem);
    std::string_view id = problem ? "" : one_header(request, "webhook-id", problem);
    std::string_view time = problem ? "" : one_header(request, "webhook-timestamp", problem);
    if (problem)
        return *problem;
    // Dots separate the parts: with one inside of them a signature would hold for another split.
    if (id.find('.') != std::string_view::npos || !parse_unix_ms(time))
        return refused(WebhookVerdict::malformed, "webhook-id or webhook-timestamp is none");
    auto signatures = signatures_of(header);
    if (!signatures || signatures->empty())
        return refused(WebhookVerdict::malformed, "webhook-signature has none of version 1");
    std::string message;
    message.reserve(id.size() + time.size() + request.body.size() + 2);
    message.append(id).append(".").append(time).append(".").append(request.body);
    bool matched = false;
    for (const WebhookSecret& secret : settings.secrets) {
        auto key = key_of(secret.value);
        if (key)
            matched |= any_matches(*signatures, base64_encode(as_text(hmac_sha256(*key, message))));
    }
    if (!matched)
        return refused(WebhookVerdict::bad, "the signature is of another message or secret");
    return accepted_unless_stale(settings, request, time, WebhookTrust::body_signed);
}

std::string check_standard_webhook_secret(const WebhookSecret& secret) {
    auto key = key_of(secret.value);
    if (!key)
        return "a secret is whsec_ and base64";
    bool fits = key->size() >= kKeyMinBytes && key->size() <= kKeyMaxBytes;
    return fits ? "" : "a secret holds 24 to 64 bytes";
}

}  // namespace coupon
