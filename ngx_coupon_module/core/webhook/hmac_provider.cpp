// Any provider that signs with an HMAC in a header; the configuration says how.
#include <algorithm>

#include "core/base64.hpp"
#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core/webhook/check.hpp"
#include "core/webhook/providers.hpp"
#include "core/webhook/signed_string.hpp"

namespace coupon {

namespace {

std::string encoded(HmacScheme::Encoding encoding, std::string_view digest) {
    return encoding == HmacScheme::Encoding::hex ? hex_encode(digest) : base64_encode(digest);
}

std::string signature_of(const HmacScheme& scheme, std::string_view key, std::string_view text) {
    switch (scheme.algorithm) {
        case HmacScheme::Algorithm::sha1:
            return encoded(scheme.encoding, as_text(hmac_sha1(key, text)));
        case HmacScheme::Algorithm::sha512:
            return encoded(scheme.encoding, as_text(hmac_sha512(key, text)));
        default:
            return encoded(scheme.encoding, as_text(hmac_sha256(key, text)));
    }
}

size_t digest_bytes(HmacScheme::Algorithm algorithm) noexcept {
    switch (algorithm) {
        case HmacScheme::Algorithm::sha1:
            return 20;
        case HmacScheme::Algorithm::sha512:
            return 64;
        default:
            return 32;
    }
}

struct SignedText {
    std::string text;
    bool has_body = false;
};

/// `problem` is set when a signed header is not there once.
SignedText signed_text(const HmacScheme& scheme, const WebhookRequest& request,
                       std::optional<WebhookCheck>& problem) {
    std::string error;
    auto parts = parse_signed_string(scheme.signed_string, error);
    SignedText made;
    if (!parts) {
        problem = refused(WebhookVerdict::malformed, "the signed string cannot be read");
        return made;
    }
    for (const SignedPart& part : *parts) {
        switch (part.kind) {
            case SignedPart::Kind::literal:
                made.text.append(part.text);
                break;
            case SignedPart::Kind::body:
                made.text.append(request.body);
                made.has_body = true;
                break;
            case SignedPart::Kind::path:
                made.text.append(request.path);
                break;
            case SignedPart::Kind::query:
                made.text.append(request.query);
                break;
            case SignedPart::Kind::header:
                made.text.append(one_header(request, part.text, problem));
                break;
        }
    }
    return made;
}

bool has_form_of_signature(const HmacScheme& scheme, std::string_view text) {
    size_t bytes = digest_bytes(scheme.algorithm);
    return scheme.encoding == HmacScheme::Encoding::hex ? is_hex_of(text, bytes)
                                                        : is_base64_of(text, bytes);
}

}  // namespace

WebhookCheck verify_hmac(const WebhookSettings& settings, const WebhookRequest& request) {
    const HmacScheme& scheme = settings.hmac;
    std::optional<WebhookCheck> problem;
    std::string_view signature = one_header(request, scheme.header, problem);
    if (problem)
        return *problem;
    if (!signature.starts_with(scheme.prefix) ||
        !has_form_of_signature(scheme, signature.substr(scheme.prefix.size()))) {
        return refused(WebhookVerdict::malformed, "the signature is none");
    }
    signature.remove_prefix(scheme.prefix.size());
    SignedText message = signed_text(scheme, request, problem);
    if (problem)
        return *problem;
    bool matched = false;
    for (const WebhookSecret& secret : settings.secrets)
        matched |= constant_time_equal(signature_of(scheme, secret.value, message.text), signature);
    if (!matched)
        return refused(WebhookVerdict::bad, "the signature is of another message or secret");
    WebhookTrust trust = message.has_body ? WebhookTrust::body_signed : WebhookTrust::header_only;
    if (scheme.time_header.empty())
        return accepted(trust);
    unsigned times = 0;
    return accepted_unless_stale(settings, request, request.header(scheme.time_header, times),
                                 trust);
}

std::vector<std::string_view> evidence_headers(const WebhookProvider& provider,
                                               const WebhookSettings& settings) {
    std::vector<std::string_view> names(provider.headers.begin(), provider.headers.end());
    if (!provider.takes_arguments)
        return names;
    auto add = [&names](std::string_view name) {
        if (std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(name);
    };
    add(settings.hmac.header);
    std::string error;
    auto parts = parse_signed_string(settings.hmac.signed_string, error);
    for (const SignedPart& part : parts.value_or(std::vector<SignedPart>{})) {
        if (part.kind == SignedPart::Kind::header)
            add(part.text);
    }
    return names;
}

}  // namespace coupon
