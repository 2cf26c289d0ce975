#include "webhooks/apis/sslcommerz_api.hpp"

#include "runtime/environment.hpp"
#include "webhooks/events/exact_json.hpp"
#include "webhooks/events/sslcommerz_amount.hpp"

namespace coupon {
namespace {

constexpr const char* production = "https://securepay.sslcommerz.com";

}  // namespace

Agreement SslcommerzApi::confirm(WebhookEvent& event) {
    HttpRequest request;
    request.url =
        base_url("SSLCOMMERZ_BASE_URL", production) + "/validator/api/validationserverAPI.php" +
        "?val_id=" + url_encoded(event.gateway_payment_id) + "&store_id=" +
        url_encoded(required_environment("SSLCOMMERZ_STORE_ID", "SSLCommerz' store")) +
        "&store_passwd=" +
        url_encoded(required_environment("SSLCOMMERZ_STORE_PASSWORD", "that store's password")) +
        "&v=1&format=json";
    const auto answer = http_.send(request);
    require_answer(answer, "SSLCommerz");
    if (!answer.ok()) {
        return disagreed("the validation call answers " + std::to_string(answer.status));
    }
    const auto json = require_json(answer, "SSLCommerz");
    const auto status = text_at(json, {"status"});
    if (status != "VALID" && status != "VALIDATED") {
        return disagreed("the validation call does not say VALID");
    }
    if (text_at(json, {"tran_id"}) != event.gateway_order_id) {
        return disagreed("the validation call names another tran_id");
    }
    const auto charged =
        sslcommerz_charge({text_at(json, {"amount"}), text_at(json, {"currency"}),
                           text_at(json, {"currency_type"}), text_at(json, {"currency_amount"})});
    if (!charged.paise || charged.paise != event.paise || charged.currency != event.currency) {
        return disagreed("the validation call says another amount");
    }
    if (text_at(json, {"risk_level"}) == "1") {
        event.hold = "the gateway calls the payment risky";
    }
    return agreed();
}

}  // namespace coupon
