// CueLinks: names as seen in use, two of them in two spellings.
#include "core/webhook/postback.hpp"
#include "core/webhook/providers.hpp"

namespace coupon {

namespace {

constexpr WebhookFieldName kNames[] = {
    {"click", "click_id"},
    {"id", "transaction_id"},
    {"status", "status"},
    {"amount", "transaction_amount"},
    {"amount", "sale_amount"},
    {"commission", "commission_amount"},
    {"commission", "commission"},
    {"currency", "currency"},
    {"order", "order_id"},
    {"time", "transaction_date"},
};

}  // namespace

const std::span<const WebhookFieldName> kCuelinksFields = kNames;

WebhookCheck verify_cuelinks(const WebhookSettings& settings, const WebhookRequest& request) {
    return verify_postback(kNames, settings, request);
}

}  // namespace coupon
