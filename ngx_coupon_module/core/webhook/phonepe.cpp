// PhonePe. v1: X-VERIFY is SHA-256(base64 payload + salt) + "###" + the salt's index. v2:
// Authorization is SHA-256(user:password), which says nothing about the body.
#include "core/webhook/phonepe.hpp"

#include <algorithm>

#include "core/base64.hpp"
#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core/webhook/check.hpp"
#include "core/webhook/json_members.hpp"
#include "core/webhook/providers.hpp"

namespace coupon {

namespace {

constexpr std::string_view kIndexMark = "###";
constexpr std::string_view kSchemePrefix = "SHA256 ";
constexpr size_t kIndexMaxDigits = 4;

bool is_index(std::string_view text) noexcept {
    return !text.empty() && text.size() <= kIndexMaxDigits &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

WebhookCheck verify_v1(const WebhookSettings& settings, const WebhookRequest& request,
                       std::string_view signature) {
    size_t mark = signature.find(kIndexMark);
    if (mark == std::string_view::npos || !is_index(signature.substr(mark + kIndexMark.size())))
        return refused(WebhookVerdict::malformed, "x-verify has no salt index");
    std::string_view digest = signature.substr(0, mark);
    std::string_view index = signature.substr(mark + kIndexMark.size());
    if (!is_hex_of(digest, 32))
        return refused(WebhookVerdict::malformed, "the signature is none");
    auto response = phonepe_v1_response(request.body);
    // What is signed must also be what is read: a body that counts as version 1 but reads as version
    // 2 would lend its trust to members that nobody signed.
    if (!response || !base64_decode(*response))
        return refused(WebhookVerdict::malformed, "the body has no response");
    bool known = false;
    bool matched = false;
    for (const WebhookSecret& secret : settings.secrets) {
        if (secret.index != index)
            continue;
        known = true;
        std::string expected = hex_encode(as_text(sha256(*response + secret.value)));
        matched |= constant_time_equal(expected, digest);
    }
    if (!known)
        return refused(WebhookVerdict::bad, "no salt has this index");
    return matched ? accepted(WebhookTrust::body_signed)
                   : refused(WebhookVerdict::bad, "the signature is of another response or salt");
}

WebhookCheck verify_v2(const WebhookSettings& settings, const WebhookRequest& request) {
    std::optional<WebhookCheck> problem;
    std::string_view given = one_header(request, "authorization", problem);
    if (problem)
        return *problem;
    if (given.starts_with(kSchemePrefix))
        given.remove_prefix(kSchemePrefix.size());
    if (!is_hex_of(given, 32))
        return refused(WebhookVerdict::malformed, "authorization is no hash");
    bool matched = false;
    for (const WebhookSecret& secret : settings.secrets) {
        if (secret.index.empty())
            matched |= constant_time_equal(hex_encode(as_text(sha256(secret.value))), given);
    }
    return matched ? accepted(WebhookTrust::header_only)
                   : refused(WebhookVerdict::bad, "the credentials' hash is another");
}

}  // namespace

std::optional<std::string> phonepe_v1_response(std::string_view body) {
    if (body.size() > kPhonepeBodyMaxBytes)
        return std::nullopt;
    auto members = parse_json_members(body);
    if (!members)
        return std::nullopt;
    const std::string* response = string_member(*members, "response");
    if (response == nullptr || response->empty())
        return std::nullopt;
    return *response;
}

std::optional<std::string> phonepe_v1_payload(std::string_view body) {
    auto response = phonepe_v1_response(body);
    return response ? base64_decode(*response) : std::nullopt;
}

WebhookCheck verify_phonepe(const WebhookSettings& settings, const WebhookRequest& request) {
    bool takes_v1 = std::any_of(settings.secrets.begin(), settings.secrets.end(),
                                [](const WebhookSecret& secret) { return !secret.index.empty(); });
    bool takes_v2 = std::any_of(settings.secrets.begin(), settings.secrets.end(),
                                [](const WebhookSecret& secret) { return secret.index.empty(); });
    unsigned times = 0;
    request.header("x-verify", times);
    if (!takes_v1 || (times == 0 && takes_v2))
        return verify_v2(settings, request);
    std::optional<WebhookCheck> problem;
    std::string_view signature = one_header(request, "x-verify", problem);
    return problem ? *problem : verify_v1(settings, request, signature);
}

std::string check_phonepe_secret(const WebhookSecret& secret) {
    if (!secret.index.empty())
        return is_index(secret.index) ? "" : "index is not a number of at most four digits";
    size_t colon = secret.value.find(':');
    bool both = colon != std::string::npos && colon > 0 && colon + 1 < secret.value.size();
    return both ? "" : "a secret without index is user:password";
}

}  // namespace coupon
