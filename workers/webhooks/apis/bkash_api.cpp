#include "webhooks/apis/bkash_api.hpp"

#include "runtime/amount.hpp"
#include "runtime/environment.hpp"
#include "webhooks/events/exact_json.hpp"

namespace coupon {
namespace {

constexpr const char* production = "https://tokenized.pay.bka.sh/v1.2.0-beta/tokenized/checkout";
constexpr std::chrono::milliseconds patience{30'000};
constexpr std::size_t code_bytes_max = 32;

HttpRequest json_call(const std::string& path, const nlohmann::json& body) {
    HttpRequest request;
    request.method = "POST";
    request.url = base_url("BKASH_BASE_URL", production) + path;
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    request.body = body.dump();
    request.timeout = patience;
    return request;
}

}  // namespace

bool BkashApi::configured() {
    return environment_value("BKASH_APP_KEY").has_value();
}

AccessToken BkashApi::grant() {
    auto request =
        json_call("/token/grant",
                  {{"app_key", required_environment("BKASH_APP_KEY", "bKash's app key")},
                   {"app_secret", required_environment("BKASH_APP_SECRET", "that app's secret")}});
    request.headers.emplace_back("username",
                                 required_environment("BKASH_USERNAME", "bKash's user"));
    request.headers.emplace_back("password",
                                 required_environment("BKASH_PASSWORD", "that user's password"));
    const auto json = require_json(http_.send(request), "bKash");
    const auto token = text_at(json, {"id_token"});
    if (token.empty()) {
        throw RetryLater("bKash grants no token: " + text_at(json, {"statusCode"}));
    }
    return {token, std::chrono::seconds(parse_paise(text_at(json, {"expires_in"})).value_or(0))};
}

HttpAnswer BkashApi::search(const std::string& transaction) {
    auto request = json_call("/general/searchTransaction", {{"trxID", transaction}});
    const auto common = request.headers;
    for (int attempt = 0;; ++attempt) {
        const auto token = token_.get([this] { return grant(); });
        request.headers = common;
        request.headers.emplace_back("authorization", token);
        request.headers.emplace_back("x-app-key",
                                     required_environment("BKASH_APP_KEY", "bKash's app key"));
        auto answer = http_.send(request);
        if (answer.status != 401) {
            return answer;
        }
        token_.forget(token);
        if (attempt == 1) {
            throw RetryLater("bKash refuses our token");
        }
    }
}

Agreement BkashApi::confirm(const WebhookEvent& event) {
    const auto json = require_json(search(event.gateway_payment_id), "bKash");
    // An answer with 200 may still be a refusal, of our credentials for one.
    const auto code = text_at(json, {"statusCode"});
    if (code != "0000") {
        throw RetryLater("bKash's search answers " + code.substr(0, code_bytes_max));
    }
    const auto transaction = text_at(json, {"trxID"});
    if (!transaction.empty() && transaction != event.gateway_payment_id) {
        return disagreed("bKash's search names another transaction");
    }
    // No other state is documented as one that stays.
    if (transaction.empty() || text_at(json, {"transactionStatus"}) != "Completed") {
        throw RetryLater("bKash's search does not say Completed");
    }
    const auto paise = parse_major_units(text_at(json, {"amount"}));
    const auto currency = text_at(json, {"currency"});
    if (!paise || currency.empty()) {
        throw RetryLater("bKash's search says no amount");
    }
    if (paise != event.paise || currency != event.currency) {
        return disagreed("bKash's search says another amount");
    }
    return agreed();
}

}  // namespace coupon
