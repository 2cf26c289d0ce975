#include "email/email_channel.hpp"

#include <numeric>

#include "email/email_settings.hpp"
#include "email/mail_composer.hpp"
#include "email/sendgrid.hpp"
#include "email/smtp.hpp"
#include "email/suppression_list.hpp"
#include "messages/otp_expiry.hpp"
#include "runtime/clock.hpp"

namespace coupon {
namespace {

class EmailChannel : public MessageChannel {
  public:
    explicit EmailChannel(EmailSettings settings)
        : settings_(std::move(settings)), composer_(settings_.mail) {}

    [[nodiscard]] const std::string& queue() const override { return queue_; }
    [[nodiscard]] const std::vector<MessageProvider>& providers() const override {
        return settings_.providers;
    }

    void look_up(PgConnection& pg, const std::vector<Message>& messages) override {
        suppressions_.look_up(pg, messages);
    }

    // Every provider carries every mail.
    [[nodiscard]] std::vector<std::size_t> candidates(const Message&) const override {
        std::vector<std::size_t> all(settings_.providers.size());
        std::iota(all.begin(), all.end(), std::size_t{0});
        return all;
    }

    [[nodiscard]] Transfer prepare(const Message& message, std::size_t provider) override {
        const auto now_ms = unix_now_ms();
        if (message.type == "otp") {
            refuse_expired_otp(message, settings_.mail.otp_validity, now_ms);
        }
        const auto mail = composer_.compose(message, now_ms / 1000);
        suppressions_.refuse(mail.to.address, mail.critical);
        if (is_sendgrid(provider)) {
            return sendgrid_request(settings_.sendgrid, mail);
        }
        return smtp_request(settings_.smtp, mail, now_ms / 1000);
    }

    [[nodiscard]] SendOutcome outcome(std::size_t provider,
                                      const HttpAnswer& answer) const override {
        return is_sendgrid(provider) ? sendgrid_outcome(answer, unix_now_s())
                                     : smtp_outcome(answer);
    }

  private:
    [[nodiscard]] bool is_sendgrid(std::size_t provider) const {
        return settings_.providers.at(provider).name == "sendgrid";
    }

    const std::string queue_ = "email";
    const EmailSettings settings_;
    MailComposer composer_;
    SuppressionList suppressions_;
};

}  // namespace

std::unique_ptr<MessageChannel> make_email_channel(const Log&) {
    return std::make_unique<EmailChannel>(configured_email());
}

}  // namespace coupon
