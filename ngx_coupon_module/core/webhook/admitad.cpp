// Admitad names nothing itself: our URL template chooses the parameters. These are its macros' names,
// with our click id in subid4, the longest of its sub-ids.
#include "core/webhook/postback.hpp"
#include "core/webhook/providers.hpp"

namespace coupon {

namespace {

constexpr WebhookFieldName kNames[] = {
    {"click", "subid4"},     {"id", "admitad_id"},         {"action", "action_id"},
    {"kind", "type"},        {"status", "payment_status"}, {"ready", "reward_ready"},
    {"amount", "order_sum"}, {"commission", "payment_sum"}, {"currency", "currency"},
    {"order", "order_id"},   {"time", "time"},             {"campaign", "offer_id"},
};

}  // namespace

const std::span<const WebhookFieldName> kAdmitadFields = kNames;

WebhookCheck verify_admitad(const WebhookSettings& settings, const WebhookRequest& request) {
    return verify_postback(kNames, settings, request);
}

}  // namespace coupon
