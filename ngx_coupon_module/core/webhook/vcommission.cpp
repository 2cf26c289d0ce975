// vCommission runs on Trackier: p1 carries our click id. Status, currency and sale amount have no
// documented macro; they are read where a template has them under these names.
#include "core/webhook/postback.hpp"
#include "core/webhook/providers.hpp"

namespace coupon {

namespace {

constexpr WebhookFieldName kNames[] = {
    {"click", "p1"},           {"id", "txn_id"},         {"status", "status"},
    {"amount", "sale_amount"}, {"commission", "payout"}, {"currency", "currency"},
    {"campaign", "campaign_id"},
};

}  // namespace

const std::span<const WebhookFieldName> kVcommissionFields = kNames;

WebhookCheck verify_vcommission(const WebhookSettings& settings, const WebhookRequest& request) {
    return verify_postback(kNames, settings, request);
}

}  // namespace coupon
