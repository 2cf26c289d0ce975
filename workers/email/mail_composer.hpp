// A row's type, recipient and data become a mail.
#pragma once

#include <cstdint>

#include "email/email_settings.hpp"
#include "email/mail.hpp"
#include "email/template_store.hpp"
#include "messages/message.hpp"

namespace coupon {

class MailComposer {
  public:
    // Loads the templates. Throws ConfigError.
    explicit MailComposer(MailSettings settings);

    // Throws PermanentFailure for a type without a template, data that it cannot be rendered with,
    // and what check_mail() refuses. One thread at a time.
    Mail compose(const Message& message, std::int64_t now_s);

    // As compose(), of a template's sample, or of `data`, to an example's address.
    Mail compose_sample(const std::string& name, std::int64_t now_s);
    Mail compose_example(const std::string& name, const nlohmann::json& data, std::int64_t now_s);

    [[nodiscard]] const TemplateStore& templates() const noexcept { return templates_; }

  private:
    const MailSettings settings_;
    TemplateStore templates_;
};

}  // namespace coupon
