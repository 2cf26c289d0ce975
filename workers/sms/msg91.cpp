#include "sms/msg91.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/webhook/ascii.hpp"
#include "messages/provider_words.hpp"
#include "runtime/retry_policy.hpp"
#include "sms/dlt_rules.hpp"

namespace coupon {
namespace {

using nlohmann::json;
using Kind = SendOutcome::Kind;

bool mentions(const std::string& lower_case, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&lower_case](std::string_view word) {
        return lower_case.find(word) != std::string::npos;
    });
}

}  // namespace

std::string msg91_template_variable(const std::string& type) {
    auto name = "MSG91_TEMPLATE_" + type;
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
    });
    return name;
}

HttpRequest Msg91::request(const Sms& sms) const {
    const auto& known = *sms.known;
    const auto registered = settings_.templates.find(known.type);
    if (registered == settings_.templates.end()) {
        throw PermanentFailure("no DLT template is registered for " + known.type + ": set " +
                               msg91_template_variable(known.type) + " to MSG91's template id");
    }
    const auto& sender = known.promotional ? settings_.promotional_sender_id : settings_.sender_id;
    if (!is_sender_id(sender, known.promotional)) {
        throw PermanentFailure(known.promotional
                                   ? "promotional messages need a sender id of 6 digits: set "
                                     "MSG91_PROMOTIONAL_SENDER_ID"
                                   : "transactional messages need a sender id of 6 letters: set "
                                     "MSG91_SENDER_ID");
    }
    json recipient{{"mobiles", sms.number.substr(1)}};
    for (std::size_t place = 0; place < known.variables.size(); ++place) {
        recipient[known.variables[place].msg91] = sms.values[place];
    }
    HttpRequest request;
    request.method = "POST";
    request.url = settings_.base_url + "/api/v5/flow";
    request.headers = {{"authkey", settings_.auth_key},
                       {"Content-Type", "application/json"},
                       {"Accept", "application/json"}};
    request.body = json{{"template_id", registered->second},
                        {"sender", sender},
                        {"short_url", "0"},
                        {"recipients", json::array({recipient})}}
                       .dump(-1, ' ', false, json::error_handler_t::replace);
    request.timeout = call_timeout;
    request.repeatable = false;
    return request;
}

SendOutcome Msg91::outcome(const HttpAnswer& answer) const {
    const auto body =
        answer.outcome == HttpAnswer::Outcome::answered ? answer_object(answer) : json();
    const auto type = to_ascii_lower(answer_text(body, "type"));
    if (type == "success") {
        SendOutcome outcome;
        outcome.kind = Kind::sent;
        outcome.provider_message_id = answer_text(body, "message");
        return outcome;
    }
    if (type == "error" && answer.status != 429 && answer.status < 500) {
        return refusal(answer, answer_text(body, "message"));
    }
    return foreign_answer(answer, "MSG91", "MSG91_BASE_URL");
}

SendOutcome Msg91::refusal(const HttpAnswer& answer, const std::string& said) const {
    const auto code = answer_text(answer_object(answer), "code");
    const auto is = [&](int status) {
        return answer.status == status || code == std::to_string(status);
    };
    const auto lower = to_ascii_lower(said);
    SendOutcome outcome;
    outcome.reason = "MSG91 refuses: " + provider_words(said, {settings_.auth_key});
    if (is(418) || mentions(lower, {"whitelist", "white list", "ip address", "ip is not"})) {
        outcome.kind = Kind::down;
        outcome.reason += "; its API security does not know this server's address";
    } else if (is(401) || is(403) ||
               mentions(lower, {"authkey", "auth key", "authentication", "unauthori"})) {
        outcome.kind = Kind::down;
        outcome.reason += "; check MSG91_AUTH_KEY";
    } else if (mentions(lower, {"balance", "insufficient"})) {
        outcome.kind = Kind::down;
        outcome.reason += "; the account needs money";
    } else if (is(504) || mentions(lower, {"timed out", "timeout"})) {
        // It gave up waiting; who is behind it may have the message.
        outcome.kind = Kind::unknown;
    } else if (is(429)) {
        outcome.kind = Kind::throttled;
        outcome.after = wait_of(answer);
    } else if (mentions(lower, {"rate limit", "too many", "limit exceeded",
                                // Words alone hold up no other message: they may be of this one.
                                "try again", "temporar", "internal"})) {
        outcome.kind = Kind::retry;
    } else {
        outcome.kind = Kind::permanent;
    }
    return outcome;
}

}  // namespace coupon
