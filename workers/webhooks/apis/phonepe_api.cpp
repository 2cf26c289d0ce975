#include "webhooks/apis/phonepe_api.hpp"

#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core/percent.hpp"
#include "runtime/amount.hpp"
#include "runtime/clock.hpp"
#include "runtime/environment.hpp"
#include "webhooks/events/exact_json.hpp"

namespace coupon {
namespace {

constexpr const char* production = "https://api.phonepe.com/apis/pg";
constexpr const char* production_token =
    "https://api.phonepe.com/apis/identity-manager/v1/oauth/token";
constexpr const char* production_v1 = "https://api.phonepe.com/apis/hermes";

// Production has the token elsewhere; every other base has it below itself.
std::string token_url() {
    const auto base = environment_value("PHONEPE_BASE_URL");
    return base_url("PHONEPE_TOKEN_URL",
                    base ? base_url("PHONEPE_BASE_URL", "") + "/v1/oauth/token" : production_token);
}

std::string expected_state(const WebhookEvent& event) {
    if (event.kind == EventKind::refund) {
        return event.refund == RefundState::processed ? "COMPLETED"
               : event.refund == RefundState::failed  ? "FAILED"
                                                      : "";
    }
    return event.state == PaymentState::success  ? "COMPLETED"
           : event.state == PaymentState::failed ? "FAILED"
                                                 : "PENDING";
}

Agreement compare(const WebhookEvent& event, const std::string& state, const std::string& amount) {
    const auto expected = expected_state(event);
    const bool decides = expected == "COMPLETED" || expected == "FAILED";
    if (decides && state != "COMPLETED" && state != "FAILED") {
        throw RetryLater("PhonePe's status call says neither COMPLETED nor FAILED");
    }
    if (decides && state != expected) {
        return disagreed("PhonePe's status call does not say " + expected);
    }
    const auto paise = parse_paise(amount);
    if (!paise) {
        throw RetryLater("PhonePe's status call says no amount");
    }
    if (paise != event.paise) {
        return disagreed("PhonePe's status call says another amount");
    }
    return agreed();
}

}  // namespace

Agreement PhonepeApi::confirm(const WebhookEvent& event) {
    if (event.key.starts_with("v1:")) {
        return confirm_v1(event);
    }
    const bool refund = event.kind == EventKind::refund;
    const auto path = refund
                          ? "/payments/v2/refund/" + percent_encoded(event.refund_id) + "/status"
                          : "/checkout/v2/order/" + percent_encoded(event.gateway_order_id) + "/status";
    const auto json = require_json(get(path), "PhonePe");
    if (refund) {
        const auto order = text_at(json, {"originalMerchantOrderId"});
        if (order.empty()) {
            throw RetryLater("PhonePe's status call names no order");
        }
        if (order != event.gateway_order_id) {
            return disagreed("PhonePe's status call names another order");
        }
    }
    return compare(event, text_at(json, {"state"}), text_at(json, {"amount"}));
}

HttpAnswer PhonepeApi::get(const std::string& path) {
    HttpRequest request;
    request.url = base_url("PHONEPE_BASE_URL", production) + path;
    for (int attempt = 0;; ++attempt) {
        const auto token = token_.get([this] { return grant(); });
        request.headers = {{"Authorization", "O-Bearer " + token}, {"Accept", "application/json"}};
        auto answer = http_.send(request);
        if (answer.status != 401 || attempt == 1) {
            if (answer.status == 401) {
                throw RetryLater("PhonePe refuses our token");
            }
            return answer;
        }
        token_.forget(token);
    }
}

AccessToken PhonepeApi::grant() {
    HttpRequest request;
    request.method = "POST";
    request.url = token_url();
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.body =
        "client_id=" + percent_encoded(required_environment("PHONEPE_CLIENT_ID", "PhonePe's client")) +
        "&client_secret=" +
        percent_encoded(required_environment("PHONEPE_CLIENT_SECRET", "PhonePe's client secret")) +
        "&client_version=" +
        percent_encoded(environment_value("PHONEPE_CLIENT_VERSION").value_or("1")) +
        "&grant_type=client_credentials";
    const auto json = require_json(http_.send(request), "PhonePe");
    const auto token = text_at(json, {"access_token"});
    if (token.empty()) {
        throw RetryLater("PhonePe grants no token");
    }
    const auto expires = parse_paise(text_at(json, {"expires_at"})).value_or(0);
    return {token, std::chrono::seconds(std::max<std::int64_t>(expires - unix_now_s(), 0))};
}

Agreement PhonepeApi::confirm_v1(const WebhookEvent& event) {
    const auto merchant = required_environment("PHONEPE_MERCHANT_ID", "PhonePe's merchant");
    const auto salt = required_environment("PHONEPE_SALT_KEY", "PhonePe's salt");
    const auto path =
        "/pg/v1/status/" + percent_encoded(merchant) + "/" +
        percent_encoded(event.gateway_order_id);
    HttpRequest request;
    request.url = base_url("PHONEPE_V1_BASE_URL", production_v1) + path;
    request.headers = {{"X-VERIFY", hex_encode(as_text(sha256(path + salt))) + "###" +
                                        environment_value("PHONEPE_SALT_INDEX").value_or("1")},
                       {"X-MERCHANT-ID", merchant}};
    const auto json = require_json(http_.send(request), "PhonePe");
    return compare(event, text_at(json, {"data", "state"}), text_at(json, {"data", "amount"}));
}

}  // namespace coupon
