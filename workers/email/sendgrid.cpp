#include "email/sendgrid.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "messages/provider_words.hpp"

namespace coupon {
namespace {

using nlohmann::json;
using Kind = SendOutcome::Kind;

constexpr std::size_t answer_max_bytes = 64 * 1024;
constexpr std::int64_t pause_max_s = 3600;

json address_json(const MailAddress& address) {
    json object{{"email", address.address}};
    // SendGrid refuses other names; the mail matters more than the name.
    if (!address.name.empty() && address.name.find_first_of(";,") == std::string::npos) {
        object["name"] = address.name;
    }
    return object;
}

// X-RateLimit-Reset is Unix seconds.
std::optional<std::chrono::milliseconds> pause_of(const HttpAnswer& answer, std::int64_t now_s) {
    if (const auto reset = answer.header("x-ratelimit-reset")) {
        std::int64_t at_s = 0;
        const auto* end = reset->data() + reset->size();
        const auto [stopped, error] = std::from_chars(reset->data(), end, at_s);
        if (error == std::errc() && stopped == end && at_s > 0) {
            return std::chrono::seconds(std::clamp<std::int64_t>(at_s - now_s, 1, pause_max_s));
        }
    }
    return wait_of(answer);
}

// {"errors":[{"message","field"}]}
std::string words_of(const HttpAnswer& answer) {
    const auto body = answer_object(answer);
    const auto errors = body.find("errors");
    std::string words;
    if (errors == body.end() || !errors->is_array()) {
        return words;
    }
    for (const auto& error : *errors) {
        for (const auto* name : {"field", "message"}) {
            if (const auto text = answer_text(error, name); !text.empty()) {
                words += (words.empty() ? "" : ": ") + text;
            }
        }
    }
    return provider_words(words);
}

std::string said(const HttpAnswer& answer) {
    const auto words = words_of(answer);
    return "SendGrid answered " + std::to_string(answer.status) +
           (words.empty() ? "" : ": " + words);
}

}  // namespace

HttpRequest sendgrid_request(const SendgridSettings& settings, const Mail& mail) {
    json body{{"personalizations",
               {{{"to", {address_json(mail.to)}}, {"custom_args", {{"coupon_id", mail.id}}}}}},
              {"from", address_json(mail.from)},
              {"subject", mail.subject},
              {"content",
               {{{"type", "text/plain"}, {"value", mail.text}},
                {{"type", "text/html"}, {"value", mail.html}}}},
              {"categories", {mail.category}}};
    for (const auto& [name, value] : mail.headers) {
        body["headers"][name] = value;
    }
    if (mail.critical) {
        // SendGrid keeps a list of unsubscribes of its own.
        body["mail_settings"]["bypass_unsubscribe_management"]["enable"] = true;
    }
    HttpRequest request;
    request.method = "POST";
    request.url = settings.base_url + "/v3/mail/send";
    request.headers = {{"Authorization", "Bearer " + settings.api_key},
                       {"Content-Type", "application/json"}};
    request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    request.answer_max_bytes = answer_max_bytes;
    request.repeatable = false;
    return request;
}

SendOutcome sendgrid_outcome(const HttpAnswer& answer, std::int64_t now_s) {
    if (answer.outcome != HttpAnswer::Outcome::answered) {
        return foreign_answer(answer, "SendGrid", "SENDGRID_BASE_URL");
    }
    if (answer.ok()) {
        return {Kind::sent, answer.header("x-message-id").value_or(""), "", {}};
    }
    if (answer.status == 429) {
        return {Kind::throttled, "", said(answer), pause_of(answer, now_s)};
    }
    if (answer.status == 401 || answer.status == 403) {
        return {Kind::down,
                "",
                said(answer) +
                    " (is SENDGRID_API_KEY right, may it send mail, and "
                    "is FROM_EMAIL a verified sender?)",
                {}};
    }
    if (answer.status == 504) {
        return {Kind::unknown, "", said(answer), {}};
    }
    if (answer.status == 408 || answer.status >= 500 || answer.status < 400) {
        return {Kind::down, "", said(answer), pause_of(answer, now_s)};
    }
    return {Kind::permanent, "", said(answer), {}};
}

}  // namespace coupon
