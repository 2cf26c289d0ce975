#include "sms/twilio.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "core/percent.hpp"
#include "messages/provider_words.hpp"

namespace coupon {
namespace {

using nlohmann::json;
using Kind = SendOutcome::Kind;

constexpr std::int64_t validity_max_s = 36'000;
constexpr int page_size = 200;
constexpr std::size_t page_bytes_max = 2 << 20;
constexpr std::chrono::milliseconds throttle_wait{1'000};
// Two clocks: Twilio's, which dates its messages in whole seconds, and PostgreSQL's.
constexpr std::int64_t clocks_apart_ms = 5'000;

std::string addressed(const std::string& number, bool whatsapp) {
    return whatsapp ? "whatsapp:" + number : number;
}

void add_field(std::string& form, const char* name, const std::string& value) {
    form += form.empty() ? "" : "&";
    form += name;
    form += '=' + percent_encoded(value);
}

std::string utc_date(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 16> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

// Twilio dates as mail does. Without a date it may be any time.
bool is_since(const json& message, std::int64_t created_ms) {
    std::tm parts{};
    const auto date = answer_text(message, "date_created");
    const char* end = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S +0000", &parts);
    return end == nullptr || *end != '\0' ||
           static_cast<std::int64_t>(::timegm(&parts)) * 1000 + clocks_apart_ms >= created_ms;
}

}  // namespace

bool Twilio::carries(bool whatsapp) const noexcept {
    return whatsapp ? !settings_.whatsapp_from.empty()
                    : !settings_.from.empty() || !settings_.messaging_service_sid.empty();
}

HttpRequest Twilio::messages(const std::string& method) const {
    HttpRequest request;
    request.method = method;
    request.url = settings_.base_url + "/2010-04-01/Accounts/" +
                  percent_encoded(settings_.account_sid) + "/Messages.json";
    request.headers = {{"Accept", "application/json"}};
    request.user = settings_.account_sid;
    request.password = settings_.auth_token;
    request.timeout = call_timeout;
    return request;
}

HttpRequest Twilio::request(const Sms& sms) const {
    auto request = messages("POST");
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    auto& form = request.body;
    add_field(form, "To", addressed(sms.number, sms.whatsapp));
    if (sms.whatsapp) {
        add_field(form, "From", addressed(settings_.whatsapp_from, true));
    } else if (!settings_.messaging_service_sid.empty()) {
        add_field(form, "MessagingServiceSid", settings_.messaging_service_sid);
    } else {
        add_field(form, "From", settings_.from);
    }
    add_field(form, "Body", sms.known->filled(sms.values));
    if (!settings_.status_callback.empty()) {
        add_field(form, "StatusCallback", settings_.status_callback);
    }
    if (sms.left) {
        const auto left_s = std::chrono::duration_cast<std::chrono::seconds>(*sms.left).count();
        add_field(form, "ValidityPeriod",
                  std::to_string(std::clamp<std::int64_t>(left_s, 1, validity_max_s)));
    }
    request.repeatable = false;
    return request;
}

SendOutcome Twilio::outcome(const HttpAnswer& answer) const {
    const auto body =
        answer.outcome == HttpAnswer::Outcome::answered ? answer_object(answer) : json();
    SendOutcome outcome;
    if (answer.ok()) {
        outcome.provider_message_id = answer_text(body, "sid");
        if (!outcome.provider_message_id.empty()) {
            outcome.kind = Kind::sent;
            return outcome;
        }
        return foreign_answer(answer, "Twilio", "TWILIO_BASE_URL");
    }
    const auto code = answer_text(body, "code");
    if (code.empty() || answer.status >= 500) {
        return answer.status == 429 ? SendOutcome{Kind::throttled,
                                                  {},
                                                  "Twilio answered 429",
                                                  wait_of(answer).value_or(throttle_wait)}
                                    : foreign_answer(answer, "Twilio", "TWILIO_BASE_URL");
    }
    outcome.reason =
        "Twilio refuses: error " + code + ": " +
        provider_words(answer_text(body, "message"), {settings_.auth_token, settings_.account_sid});
    if (answer.status == 429 || code == "20429") {
        outcome.kind = Kind::throttled;
        outcome.after = wait_of(answer).value_or(throttle_wait);
    } else if (answer.status == 401 || code == "20003" || code == "20005") {
        outcome.kind = Kind::down;
        outcome.reason += "; check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and the account";
    } else {
        outcome.kind = Kind::permanent;
    }
    return outcome;
}

std::optional<HttpRequest> Twilio::inquiry(const Sms& sms) const {
    auto request = messages("GET");
    request.url += "?To=" + percent_encoded(addressed(sms.number, sms.whatsapp)) +
                   "&DateSent%3E=" + utc_date(sms.created_ms) +
                   "&PageSize=" + std::to_string(page_size);
    request.answer_max_bytes = page_bytes_max;
    return request;
}

SendOutcome Twilio::inquired(const Sms& sms, const HttpAnswer& answer, const Claim& claim) const {
    const auto body = answer.ok() ? answer_object(answer) : json();
    const auto messages = body.find("messages");
    SendOutcome outcome;
    if (messages == body.end() || !messages->is_array()) {
        outcome.kind = Kind::retry;
        outcome.reason =
            answer.outcome == HttpAnswer::Outcome::answered
                ? "Twilio does not tell what it has: it answered " + std::to_string(answer.status)
                : "Twilio does not tell what it has: " + answer.error;
        return outcome;
    }
    const auto text = sms.known->filled(sms.values);
    const auto is_it = [&](const json& message) {
        if (!message.is_object() || answer_text(message, "body") != text ||
            !is_since(message, sms.created_ms)) {
            return false;
        }
        const auto sid = answer_text(message, "sid");
        return !sid.empty() && claim(sid);
    };
    const auto found = std::find_if(messages->begin(), messages->end(), is_it);
    outcome.kind = Kind::not_found;
    if (found != messages->end()) {
        outcome.kind = Kind::sent;
        outcome.provider_message_id = answer_text(*found, "sid");
    }
    return outcome;
}

}  // namespace coupon
