#include "core/webhook/check.hpp"

#include <algorithm>

#include "core/base64.hpp"
#include "core/decimal.hpp"

namespace coupon {

namespace {

constexpr int64_t kFirstMilliseconds = 100'000'000'000;
constexpr size_t kTimeMaxDigits = 15;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_unreserved(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string_view one_header(const WebhookRequest& request, std::string_view name,
                            std::optional<WebhookCheck>& problem) noexcept {
    unsigned times = 0;
    std::string_view value = request.header(name, times);
    if (times > 1) {
        problem = refused(WebhookVerdict::malformed, "a signature header is there twice");
        return {};
    }
    if (value.empty())
        problem = refused(WebhookVerdict::missing, "a signature header is missing");
    return value;
}

bool is_hex_of(std::string_view text, size_t digest_bytes) noexcept {
    return text.size() == 2 * digest_bytes && std::all_of(text.begin(), text.end(), [](char c) {
               return is_digit(c) || (c >= 'a' && c <= 'f');
           });
}

bool is_base64_of(std::string_view text, size_t digest_bytes) {
    if (text.size() != (digest_bytes + 2) / 3 * 4)
        return false;
    auto bytes = base64_decode(text);
    return bytes && bytes->size() == digest_bytes;
}

bool splits_one_way(std::string_view time, std::string_view body) noexcept {
    return parse_unix_ms(time) && (body.empty() || !is_digit(body[0]));
}

std::optional<int64_t> parse_unix_ms(std::string_view text) noexcept {
    auto value = parse_positive(text);
    if (!value || text.size() > kTimeMaxDigits)
        return std::nullopt;
    return *value < kFirstMilliseconds ? *value * 1000 : *value;
}

WebhookCheck accepted_unless_stale(const WebhookSettings& settings, const WebhookRequest& request,
                                   int64_t signed_ms, WebhookTrust trust) noexcept {
    int64_t age_ms = request.now_ms - signed_ms;
    if (settings.tolerance_ms > 0 &&
        (age_ms > settings.tolerance_ms || age_ms < -settings.tolerance_ms)) {
        return refused(WebhookVerdict::stale, "signed at a time outside the tolerance");
    }
    return accepted(trust);
}

WebhookCheck accepted_unless_stale(const WebhookSettings& settings, const WebhookRequest& request,
                                   std::string_view signed_time, WebhookTrust trust) noexcept {
    if (settings.tolerance_ms <= 0)
        return accepted(trust);
    auto signed_ms = parse_unix_ms(signed_time);
    if (!signed_ms)
        return refused(WebhookVerdict::malformed, "the signed time is no time");
    return accepted_unless_stale(settings, request, *signed_ms, trust);
}

std::string any_secret(const WebhookSecret&) {
    return {};
}

std::string url_token(const WebhookSecret& token) {
    bool plain = std::all_of(token.value.begin(), token.value.end(), is_unreserved);
    return plain ? "" : "a token consists of letters, digits and -._~";
}

}  // namespace coupon
