// What a webhook is and how a provider proves that it sent it. Pure: bytes, secrets and the time are
// given. One provider is one small file in this folder and one row of the table in providers.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/siphash.hpp"

namespace coupon {

enum class WebhookVerdict : uint8_t {
    accepted,   // 2xx once it is on disk
    missing,    // no signature or token: 400
    malformed,  // a signature or body that cannot be one, or given twice: 400
    bad,        // 401
    stale,      // signed, but outside the tolerance: 401
};

/// What the verdict stands on: only body_signed may move money without asking the provider.
/// header_only: the evidence binds a header or some of the fields, not the body as it came.
enum class WebhookTrust : uint8_t { body_signed, header_only, token_only, unverified };

std::string_view webhook_verdict_name(WebhookVerdict verdict) noexcept;
std::string_view webhook_trust_name(WebhookTrust trust) noexcept;

struct WebhookHeader {
    std::string_view name;  // any case
    std::string_view value;
};

/// One request as it came. Views live as long as the request.
struct WebhookRequest {
    std::string_view method;  // "GET" or "POST"
    std::string_view path;    // as NGINX decoded it
    std::string_view query;   // raw, without the question mark
    std::string_view body;    // raw
    std::span<const WebhookHeader> headers;
    int64_t now_ms = 0;  // Unix milliseconds

    /// The only value of this name; empty when absent. `times` gets how often it was there.
    std::string_view header(std::string_view name, unsigned& times) const noexcept;
};

struct WebhookSecret {
    std::string value;
    std::string index{};  // `index=` of coupon_webhook_secret: PhonePe's salt index; else empty
};

/// The arguments of `coupon_webhook hmac …`.
struct HmacScheme {
    enum class Algorithm : uint8_t { sha1, sha256, sha512 } algorithm = Algorithm::sha256;
    enum class Encoding : uint8_t { hex, base64 } encoding = Encoding::hex;
    std::string header;         // that carries the signature
    std::string prefix;         // before the signature, for example "sha256="
    std::string signed_string;  // with the macros {body}, {header:NAME}, {path}, {query}
    std::string time_header;    // Unix seconds or milliseconds; only where it is part of signed_string
};

/// What the directives of one location say.
struct WebhookSettings {
    std::vector<WebhookSecret> secrets;  // several at once, for rotation
    std::vector<std::string> tokens;     // likewise; the last path segment must be one of them
    std::vector<std::string> topics;     // allowed TopicArn
    std::string url;                     // the public URL, as the provider calls it
    HmacScheme hmac;
    /// coupon_webhook_map: our name (click, id, status, amount, …) → the network's parameter.
    std::vector<std::pair<std::string, std::string>> map;
    int64_t tolerance_ms = 0;         // 0: any age
    std::vector<SipKey> click_keys;  // a postback's click id must carry a tag of one of them
};

struct WebhookCheck {
    WebhookVerdict verdict = WebhookVerdict::malformed;
    WebhookTrust trust = WebhookTrust::unverified;
    std::string_view reason;  // a constant for the log: what was wrong, never a value
};

/// One row of a network's own names, used where coupon_webhook_map does not name `ours`.
struct WebhookFieldName {
    /// click, id, status, amount, commission, currency, order, time, action, kind, ready, campaign
    std::string_view ours;
    /// The parameter; of several rows with one `ours` the first present.
    std::string_view theirs;
};

struct WebhookProvider {
    std::string_view name;
    bool get = false;  // GET is allowed beside POST
    // What a location must and may say; `nginx -t` checks it.
    bool needs_secret = false;
    bool needs_token = false;
    bool needs_topic = false;
    bool needs_url = false;
    bool takes_map = false;
    bool takes_arguments = false;  // `coupon_webhook hmac key=value…`
    bool takes_index = false;      // `coupon_webhook_secret … index=…`
    bool signs_time = false;       // coupon_webhook_tolerance makes sense; `hmac`: with time= only
    size_t secret_min_bytes = 0;   // of each secret; of each token where a token is needed
    /// Checks the form of a secret (a public key, user:password) or token: empty, or what is wrong
    /// with it, without its text. Never null; does not look at the length.
    std::string (*check_secret)(const WebhookSecret& secret) = nullptr;
    /// Names of the headers that belong to the evidence and go into the record; those that
    /// evidence_headers() adds come from the configuration.
    std::span<const std::string_view> headers{};
    std::span<const WebhookFieldName> default_map{};
    /// Throws for want of memory only (std::bad_alloc, std::runtime_error of OpenSSL), whatever a
    /// stranger sent; the caller answers 5xx then.
    WebhookCheck (*verify)(const WebhookSettings& settings, const WebhookRequest& request) = nullptr;
};

/// Null when there is none of that name.
const WebhookProvider* find_webhook_provider(std::string_view name) noexcept;
std::span<const WebhookProvider> webhook_providers() noexcept;

/// Parses the words behind `coupon_webhook hmac`; false: `error` says why.
bool parse_hmac_scheme(std::span<const std::string_view> words, HmacScheme& scheme, std::string& error);

/// The provider's headers and, for `hmac`, those that its arguments name; lower case. Views live as
/// long as the settings.
std::vector<std::string_view> evidence_headers(const WebhookProvider& provider,
                                               const WebhookSettings& settings);

/// A postback's fields under our names; what is absent or empty is left out. From the query, and from
/// a body that is a form or a flat JSON object (numbers and booleans as their text). Empty for a
/// provider that takes no map.
std::vector<std::pair<std::string, std::string>> mapped_fields(const WebhookProvider& provider,
                                                               const WebhookSettings& settings,
                                                               const WebhookRequest& request);

}  // namespace coupon
