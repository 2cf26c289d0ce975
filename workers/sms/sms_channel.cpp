#include "sms/sms_channel.hpp"

#include <map>

#include "messages/otp_expiry.hpp"
#include "runtime/clock.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/provider_limit.hpp"
#include "runtime/retry_policy.hpp"
#include "runtime/storable_text.hpp"
#include "sms/dlt_rules.hpp"
#include "sms/phone_number.hpp"
#include "sms/sms_settings.hpp"
#include "sms/sms_suppressions.hpp"
#include "sms/variable_values.hpp"

namespace coupon {
namespace {

constexpr std::size_t type_bytes_max = 64;

// Two that ask at once, of messages that read the same, do so one after the other.
constexpr const char* lock_sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
// Another row's, or what this row was sent as before it was replayed, is not the one asked for.
constexpr const char* claim_sql =
    "UPDATE sms_queue AS job SET provider_message_id = $2 WHERE job.id = $1"
    " AND NOT EXISTS (SELECT FROM sms_queue AS other WHERE other.provider_message_id = $2"
    "  AND other.id <> job.id)"
    " AND NOT EXISTS (SELECT FROM message_events AS event WHERE event.queue = 'sms'"
    "  AND event.message_id = job.id::text AND event.provider_message_id = $2)";

class SmsChannel : public MessageChannel {
  public:
    SmsChannel()
        : templates_(configured_sms_templates()),
          country_code_(configured_country_code()),
          otp_validity_(configured_otp_validity()) {
        for (const auto& name : configured_sms_providers()) {
            carriers_.push_back(make_sms_provider(name, templates_));
            providers_.push_back({name, configured_provider_rate(name)});
        }
    }

    [[nodiscard]] const std::string& queue() const override { return queue_; }
    [[nodiscard]] const std::vector<MessageProvider>& providers() const override {
        return providers_;
    }

    void look_up(PgConnection& pg, const std::vector<Message>& messages) override {
        std::vector<std::string> numbers;
        for (const auto& message : messages) {
            try {
                numbers.push_back(e164_number(message.to, country_code_));
            } catch (const PermanentFailure&) {
                continue;  // prepare() says so
            }
        }
        suppressions_.look_up(pg, numbers);
        pg_ = &pg;
    }

    [[nodiscard]] std::vector<std::size_t> candidates(const Message& message) const override {
        const auto known = templates_.find(message.type);
        const bool whatsapp = known != templates_.end() && is_whatsapp(message, known->second);
        std::vector<std::size_t> able;
        for (std::size_t place = 0; place < carriers_.size(); ++place) {
            if (carriers_[place]->carries(whatsapp)) {
                able.push_back(place);
            }
        }
        return able;
    }

    [[nodiscard]] Transfer prepare(const Message& message, std::size_t provider) override {
        auto sms = compose(message);
        const auto now_ms = unix_now_ms();
        if (sms.known->expires) {
            refuse_expired_otp(message, otp_validity_, now_ms);
            sms.left = std::chrono::milliseconds(otp_ends_ms(message, otp_validity_) - now_ms);
        }
        suppressions_.refuse(sms.number, sms.known->promotional);
        if (sms.known->promotional) {
            if (const auto wait = until_promotional_hours(now_ms); wait.count() > 0) {
                throw SendLater(wait, "promotional messages go out from 10:00 to 21:00 IST");
            }
        }
        return carriers_.at(provider)->request(sms);
    }

    [[nodiscard]] SendOutcome outcome(std::size_t provider,
                                      const HttpAnswer& answer) const override {
        return carriers_.at(provider)->outcome(answer);
    }

    [[nodiscard]] std::optional<Transfer> inquiry(const Message& message,
                                                  std::size_t provider) override {
        try {
            auto request = carriers_.at(provider)->inquiry(compose(message));
            return request ? std::optional<Transfer>(*std::move(request)) : std::nullopt;
        } catch (const PermanentFailure&) {
            return std::nullopt;  // prepare() says so
        }
    }

    [[nodiscard]] SendOutcome inquired(const Message& message, std::size_t provider,
                                       const HttpAnswer& answer) const override {
        return carriers_.at(provider)->inquired(
            compose(message), answer, [&](const std::string& provider_message_id) {
                PgTransaction transaction(*pg_);
                pg_->execute(lock_sql, {provider_message_id});
                const auto claimed =
                    pg_->execute(claim_sql, {message.job.id, provider_message_id}).affected() > 0;
                transaction.commit();
                return claimed;
            });
    }

  private:
    [[nodiscard]] static bool is_whatsapp(const Message& message, const SmsTemplate& known) {
        const auto channel = message.data.find("channel");
        if (channel == message.data.end() || channel->is_null()) {
            return known.whatsapp;
        }
        return *channel == "whatsapp";
    }

    [[nodiscard]] const SmsTemplate& template_of(const Message& message) const {
        const auto known = templates_.find(message.type);
        if (known != templates_.end()) {
            return known->second;
        }
        std::string types;
        for (const auto& [type, ignored] : templates_) {
            types += (types.empty() ? "" : ", ") + type;
        }
        throw PermanentFailure("no text message is of type \"" +
                               storable_text(message.type, type_bytes_max) + "\": known are " +
                               types);
    }

    // What does not depend on when it is sent. Throws PermanentFailure.
    [[nodiscard]] Sms compose(const Message& message) const {
        Sms sms;
        sms.known = &template_of(message);
        const auto channel = message.data.find("channel");
        if (channel != message.data.end() && !channel->is_null() && *channel != "sms" &&
            *channel != "whatsapp") {
            throw PermanentFailure("data.channel is neither sms nor whatsapp");
        }
        sms.whatsapp = is_whatsapp(message, *sms.known);
        sms.number = e164_number(message.to, country_code_);
        sms.values = variable_values(*sms.known, message.data);
        sms.created_ms = message.created_ms;
        return sms;
    }

    const std::string queue_ = "sms";
    const SmsTemplates templates_;
    const std::string country_code_;
    const std::chrono::seconds otp_validity_;
    std::vector<std::unique_ptr<SmsProvider>> carriers_;
    std::vector<MessageProvider> providers_;
    SmsSuppressions suppressions_;
    PgConnection* pg_ = nullptr;  // the sender's; it has looked up each message it asks about
};

}  // namespace

std::unique_ptr<MessageChannel> make_sms_channel(const Log&) {
    return std::make_unique<SmsChannel>();
}

}  // namespace coupon
