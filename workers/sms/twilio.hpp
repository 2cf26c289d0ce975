// Twilio's Messages API: text messages and WhatsApp, with the whole text. It can be asked what it
// has.
#pragma once

#include <string>

#include "sms/sms_provider.hpp"

namespace coupon {

struct TwilioSettings {
    std::string base_url, account_sid, auth_token;
    std::string from, messaging_service_sid;  // one of them for text messages
    std::string whatsapp_from;                // E.164; empty: no WhatsApp
    std::string status_callback;              // empty: none
};

class Twilio : public SmsProvider {
  public:
    explicit Twilio(TwilioSettings settings) : settings_(std::move(settings)) {}

    [[nodiscard]] const char* name() const noexcept override { return "twilio"; }
    [[nodiscard]] bool carries(bool whatsapp) const noexcept override;
    [[nodiscard]] HttpRequest request(const Sms& sms) const override;
    [[nodiscard]] SendOutcome outcome(const HttpAnswer& answer) const override;
    [[nodiscard]] std::optional<HttpRequest> inquiry(const Sms& sms) const override;
    // Of the messages to that number since the message was made, the first with its text that it
    // may claim.
    [[nodiscard]] SendOutcome inquired(const Sms& sms, const HttpAnswer& answer,
                                       const Claim& claim) const override;

  private:
    [[nodiscard]] HttpRequest messages(const std::string& method) const;

    const TwilioSettings settings_;
};

}  // namespace coupon
