// SSLCommerz: a form; only what verify_key names was signed, and only that is read.
#include <algorithm>

#include "core/webhook/form.hpp"
#include "runtime/amount.hpp"
#include "webhooks/events/parse.hpp"
#include "webhooks/events/sslcommerz_amount.hpp"

namespace coupon {
namespace {

class SignedForm {
  public:
    explicit SignedForm(std::string_view body) {
        auto fields = parse_form(body);
        if (!fields) {
            throw MalformedEvent("the body is no form");
        }
        fields_ = *std::move(fields);
        size_t times = 0;
        const auto* key = only_field(fields_, "verify_key", times);
        signed_names_ = "," + (key == nullptr ? std::string() : *key) + ",";
    }

    [[nodiscard]] std::string value(const std::string& name) const {
        size_t times = 0;
        const auto* field = only_field(fields_, name, times);
        const bool is_signed = signed_names_.find("," + name + ",") != std::string::npos;
        return field != nullptr && is_signed ? *field : std::string();
    }

  private:
    std::vector<FormField> fields_;
    std::string signed_names_;
};

// A form may hold any bytes.
std::string printable(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
    return text;
}

std::optional<PaymentState> state_of(std::string_view status) {
    if (status == "VALID" || status == "VALIDATED") {
        return PaymentState::success;
    }
    if (status == "FAILED" || status == "CANCELLED" || status == "UNATTEMPTED" ||
        status == "EXPIRED") {
        return PaymentState::failed;
    }
    return std::nullopt;
}

}  // namespace

std::vector<WebhookEvent> parse_sslcommerz(const WebhookInput& input) {
    const SignedForm form(input.body);
    const auto status = form.value("status");
    const auto state = state_of(status);
    if (!state) {
        return {unknown_event(status, "not a status of a payment")};
    }
    WebhookEvent event;
    event.name = status;
    event.state = *state;
    event.gateway_order_id = form.value("tran_id");
    event.gateway_payment_id = form.value("val_id");
    if (*state == PaymentState::success) {
        event.key = business_key({event.gateway_order_id, event.gateway_payment_id, status});
        const auto charged =
            sslcommerz_charge({form.value("amount"), form.value("currency"),
                               form.value("currency_type"), form.value("currency_amount")});
        event.paise = required_amount(charged.paise, "amount");
        event.currency = charged.currency;
        event.hold = form.value("risk_level") == "1" ? "the gateway calls the payment risky" : "";
    } else {
        // A failed or cancelled one need not have got as far as a val_id.
        const auto val_id = event.gateway_payment_id.empty() ? "-" : event.gateway_payment_id;
        event.key = business_key({event.gateway_order_id, val_id, status});
        event.error = printable(form.value("error"));
    }
    seal_payment(event);
    return {event};
}

}  // namespace coupon
