#include "webhooks/apis/sslcommerz_api.hpp"

#include "core/percent.hpp"
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
        "?val_id=" + percent_encoded(event.gateway_payment_id) + "&store_id=" +
        percent_encoded(required_environment("SSLCOMMERZ_STORE_ID", "SSLCommerz' store")) +
        "&store_passwd=" +
        percent_encoded(required_environment("SSLCOMMERZ_STORE_PASSWORD", "that store's password")) +
        "&v=1&format=json";
    const auto json = require_json(http_.send(request), "SSLCommerz");
    // INVALID_REQUEST, FAILED and INACTIVE tell of our store or of the call.
    if (text_at(json, {"APIConnect"}) != "DONE") {
        throw RetryLater("the validation call was not done");
    }
    const auto status = text_at(json, {"status"});
    if (status == "INVALID_TRANSACTION" || status == "FAILED" || status == "CANCELLED") {
        return disagreed("the validation call says " + status);
    }
    if (status != "VALID" && status != "VALIDATED") {
        throw RetryLater("the validation call does not say VALID");
    }
    const auto order = text_at(json, {"tran_id"});
    if (order.empty()) {
        throw RetryLater("the validation call names no tran_id");
    }
    if (order != event.gateway_order_id) {
        return disagreed("the validation call names another tran_id");
    }
    const auto charged =
        sslcommerz_charge({text_at(json, {"amount"}), text_at(json, {"currency"}),
                           text_at(json, {"currency_type"}), text_at(json, {"currency_amount"})});
    if (!charged.paise || charged.currency.empty()) {
        throw RetryLater("the validation call says no amount");
    }
    if (charged.paise != event.paise || charged.currency != event.currency) {
        return disagreed("the validation call says another amount");
    }
    if (text_at(json, {"risk_level"}) == "1") {
        event.hold = "the gateway calls the payment risky";
    }
    return agreed();
}

}  // namespace coupon
