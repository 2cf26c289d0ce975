#include "core/webhook/provider.hpp"

#include "core/webhook/ascii.hpp"

namespace coupon {

std::string_view webhook_verdict_name(WebhookVerdict verdict) noexcept {
    switch (verdict) {
        case WebhookVerdict::accepted:
            return "accepted";
        case WebhookVerdict::missing:
            return "missing";
        case WebhookVerdict::malformed:
            return "malformed";
        case WebhookVerdict::bad:
            return "bad";
        case WebhookVerdict::stale:
            return "stale";
    }
    return "malformed";
}

std::string_view webhook_trust_name(WebhookTrust trust) noexcept {
    switch (trust) {
        case WebhookTrust::body_signed:
            return "body-signed";
        case WebhookTrust::header_only:
            return "header-only";
        case WebhookTrust::token_only:
            return "token-only";
        case WebhookTrust::unverified:
            return "unverified";
    }
    return "unverified";
}

std::string_view WebhookRequest::header(std::string_view wanted, unsigned& times) const noexcept {
    times = 0;
    std::string_view value;
    for (const WebhookHeader& header : headers) {
        if (equal_ignoring_case(header.name, wanted) && ++times == 1)
            value = header.value;
    }
    return times == 1 ? value : std::string_view{};
}

const WebhookProvider* find_webhook_provider(std::string_view name) noexcept {
    for (const WebhookProvider& provider : webhook_providers()) {
        if (provider.name == name)
            return &provider;
    }
    return nullptr;
}

}  // namespace coupon
