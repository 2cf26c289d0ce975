// MSG91's flow API: it holds the registered texts and is given their variables.
#pragma once

#include <map>
#include <string>

#include "sms/sms_provider.hpp"

namespace coupon {

struct Msg91Settings {
    std::string base_url, auth_key;
    std::string sender_id, promotional_sender_id;
    std::map<std::string, std::string> templates;  // MSG91's id of each type that is registered
};

// The variable that holds the id of a type: MSG91_TEMPLATE_ORDER_CONFIRMATION.
std::string msg91_template_variable(const std::string& type);

class Msg91 : public SmsProvider {
  public:
    explicit Msg91(Msg91Settings settings) : settings_(std::move(settings)) {}

    [[nodiscard]] const char* name() const noexcept override { return "msg91"; }
    [[nodiscard]] bool carries(bool whatsapp) const noexcept override { return !whatsapp; }
    [[nodiscard]] HttpRequest request(const Sms& sms) const override;
    [[nodiscard]] SendOutcome outcome(const HttpAnswer& answer) const override;

  private:
    [[nodiscard]] SendOutcome refusal(const HttpAnswer& answer, const std::string& said) const;

    const Msg91Settings settings_;
};

}  // namespace coupon
