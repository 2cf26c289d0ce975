// Twilio: HMAC-SHA1 over the public URL and the sorted form parameters; a JSON body is bound by its
// SHA-256 in the URL. Twilio signs the URL with or without its port and quotes the query in more
// than one way, so each way is tried, as its own library does.
#include <algorithm>

#include "core/base64.hpp"
#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core/webhook/check.hpp"
#include "core/webhook/form.hpp"
#include "core/webhook/providers.hpp"
#include "core/webhook/twilio_url.hpp"

namespace coupon {

namespace {

/// Names and values without anything in between; a value that is there twice counts once.
std::string signed_parameters(std::vector<FormField> fields) {
    std::sort(fields.begin(), fields.end());
    fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
    std::string text;
    for (const FormField& field : fields)
        text.append(field.name).append(field.value);
    return text;
}

/// What follows the URL in the signed text. `problem` is set when the body cannot be the signed one.
std::string signed_body(const WebhookRequest& request, std::optional<WebhookCheck>& problem) {
    auto query = parse_form(request.query);
    size_t times = 0;
    const std::string* digest = query ? only_field(*query, "bodySHA256", times) : nullptr;
    if (!query || times > 1) {
        problem = refused(WebhookVerdict::malformed, "the query has too many fields");
        return {};
    }
    if (digest != nullptr) {
        if (!constant_time_equal(hex_encode(as_text(sha256(request.body))), *digest))
            problem = refused(WebhookVerdict::bad, "the body has another SHA-256");
        return {};
    }
    auto fields =
        request.body.size() <= kSignedFormMaxBytes ? parse_form(request.body) : std::nullopt;
    if (!fields) {
        problem = refused(WebhookVerdict::malformed, "the form is too large");
        return {};
    }
    return signed_parameters(std::move(*fields));
}

}  // namespace

WebhookCheck verify_twilio(const WebhookSettings& settings, const WebhookRequest& request) {
    std::optional<WebhookCheck> problem;
    std::string_view signature = one_header(request, "x-twilio-signature", problem);
    if (problem)
        return *problem;
    if (!is_base64_of(signature, 20))
        return refused(WebhookVerdict::malformed, "the signature is none");
    std::string body = signed_body(request, problem);
    if (problem)
        return *problem;
    bool matched = false;
    for (const std::string& url : twilio_urls(settings.url, request.query)) {
        std::string message = url + body;
        for (const WebhookSecret& secret : settings.secrets) {
            std::string expected = base64_encode(as_text(hmac_sha1(secret.value, message)));
            matched |= constant_time_equal(expected, signature);
        }
        if (matched)
            return accepted(WebhookTrust::body_signed);
    }
    return refused(WebhookVerdict::bad, "the signature is of another url, body or secret");
}

}  // namespace coupon
