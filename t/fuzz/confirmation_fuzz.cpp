// What a stranger answers instead of PhonePe, SSLCommerz and bKash: an event is confirmed only by an
// answer that names it, with its amount. First byte of the input: whom is asked; then answers.
#include "answers_of_a_stranger.hpp"

#include <array>
#include <cstdlib>

#include "check.hpp"
#include "runtime/error.hpp"
#include "runtime/exact_json.hpp"
#include "webhooks/trust.hpp"

namespace {

void set_environment() {
    for (const char* name :
         {"PHONEPE_CLIENT_ID", "PHONEPE_CLIENT_SECRET", "PHONEPE_MERCHANT_ID", "PHONEPE_SALT_KEY",
          "SSLCOMMERZ_STORE_ID", "SSLCOMMERZ_STORE_PASSWORD", "BKASH_APP_KEY", "BKASH_APP_SECRET",
          "BKASH_USERNAME", "BKASH_PASSWORD"}) {
        setenv(name, "secret-of-the-shop", 1);
    }
}

struct Asked {
    const char* provider;
    const char* key;
    coupon::EventKind kind;
    const char* amount;  // as the provider writes it
};

constexpr std::array<Asked, 5> cases{{
    {"phonepe", "v2:checkout.order.completed:ORDER-1:COMPLETED", coupon::EventKind::payment,
     "17050"},
    {"phonepe", "v2:pg.refund.completed:REFUND-1:COMPLETED", coupon::EventKind::refund, "17050"},
    {"phonepe", "v1:ORDER-1:COMPLETED", coupon::EventKind::payment, "17050"},
    {"sslcommerz", "ORDER-1:PAYMENT-1:VALID", coupon::EventKind::payment, "170.5"},
    {"bkash", "PAYMENT-1:Completed", coupon::EventKind::payment, "170.5"},
}};

/// Whether any object of the JSON has a member with that text or number.
bool says(const nlohmann::json& json, std::string_view value) {
    if (json.is_structured()) {
        return std::any_of(json.begin(), json.end(),
                           [&](const auto& member) { return says(member, value); });
    }
    return json.is_string() && json.get_ref<const std::string&>().starts_with(value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const bool is_set = (set_environment(), true);
    check(is_set);
    auto answers = text_of(data, size);
    const auto& asked = cases[take_byte(answers) % cases.size()];
    coupon::WebhookInput input;
    input.provider = asked.provider;
    coupon::WebhookEvent event;
    event.kind = asked.kind;
    event.key = asked.key;
    event.gateway_order_id = "ORDER-1";
    event.gateway_payment_id = "PAYMENT-1";
    event.refund_id = "REFUND-1";
    event.state = coupon::PaymentState::success;
    event.refund = coupon::RefundState::processed;
    event.paise = 17050;
    event.currency = input.provider == "phonepe" ? "INR" : "BDT";
    answer_with(answers);
    coupon::Trust trust;
    try {
        const auto refusal = trust.confirm(input, event);
        if (refusal) {
            check(!refusal->reason.empty() &&
                  refusal->reason.find("secret-of-the-shop") == std::string::npos);
            return 0;
        }
    } catch (const coupon::RetryLater& later) {
        check(is_storable(later.what()));
        check(std::string_view(later.what()).find("secret-of-the-shop") == std::string::npos);
        check(later.after().value_or(std::chrono::milliseconds(0)).count() >= 0);
        return 0;
    }
    // One of the answers was a success, and said all of it.
    bool said = false;
    while (!answers.empty()) {
        const auto answer = read_answer(take_until(answers, "\n--\n"));
        const auto json = coupon::read_exact_json(answer.body);
        said = said || (answer.ok() && json && says(*json, asked.amount) &&
                        (says(*json, "COMPLETED") || says(*json, "VALID") ||
                         says(*json, "Completed")));
    }
    check(said);
    return 0;
}
