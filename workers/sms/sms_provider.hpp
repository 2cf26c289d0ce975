// Who carries a text message: how it is called, and what its answers mean.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "messages/message.hpp"
#include "runtime/http_client.hpp"
#include "sms/sms.hpp"

namespace coupon {

// As MSG91's own SDK waits. Then nobody knows whether the message went out.
inline constexpr std::chrono::milliseconds call_timeout{10'000};

class SmsProvider {
  public:
    virtual ~SmsProvider() = default;

    // In lower case, as in SMS_PROVIDERS.
    [[nodiscard]] virtual const char* name() const noexcept = 0;
    [[nodiscard]] virtual bool carries(bool whatsapp) const noexcept = 0;
    // Throws PermanentFailure where it has no registered template or no sender for the message.
    [[nodiscard]] virtual HttpRequest request(const Sms& sms) const = 0;
    [[nodiscard]] virtual SendOutcome outcome(const HttpAnswer& answer) const = 0;

    // Whether it has a message whose outcome is unknown, where it can be asked.
    [[nodiscard]] virtual std::optional<HttpRequest> inquiry(const Sms&) const {
        return std::nullopt;
    }
    // Makes a message the provider has, by its id there, this one; false: it is another of ours
    // that reads the same.
    using Claim = std::function<bool(const std::string& provider_message_id)>;
    // sent, not_found, or retry where it did not tell.
    [[nodiscard]] virtual SendOutcome inquired(const Sms&, const HttpAnswer&, const Claim&) const {
        return {};
    }
};

}  // namespace coupon
