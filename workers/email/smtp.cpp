#include "email/smtp.hpp"

#include <array>
#include <ctime>

#include "email/encoded_word.hpp"
#include "email/mail_rules.hpp"
#include "messages/provider_words.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

using Kind = SendOutcome::Kind;

constexpr std::size_t queue_id_max_bytes = 100;

// RFC 5322, in UTC.
std::string date_header(std::int64_t now_s) {
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t now = now_s;
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::array<char, 32> rest{};
    // Names of days and months are English whatever the locale is.
    std::strftime(rest.data(), rest.size(), " %Y %H:%M:%S +0000", &utc);
    return std::string(days.at(static_cast<std::size_t>(utc.tm_wday))) + ", " +
           std::to_string(utc.tm_mday) + " " + months.at(static_cast<std::size_t>(utc.tm_mon)) +
           rest.data();
}

std::string said(const HttpAnswer& answer) {
    const auto words = provider_words(answer.body);
    return "the SMTP server answered " + std::to_string(answer.status) +
           (words.empty() ? "" : ": " + words);
}

// "250 2.0.0 Ok: queued as 4F2A1" is how to find it in the server's log.
std::string queue_id(const std::string& reply) {
    constexpr std::string_view mark = "queued as ";
    const auto at = reply.find(mark);
    if (at == std::string::npos) {
        return {};
    }
    const auto rest = std::string_view(reply).substr(at + mark.size());
    return storable_text(rest.substr(0, rest.find_first_of(" \r\n")), queue_id_max_bytes);
}

}  // namespace

MailRequest smtp_request(const SmtpSettings& settings, const Mail& mail, std::int64_t now_s) {
    MailRequest request;
    request.url = settings.url;
    request.require_tls = settings.require_tls;
    request.user = settings.user;
    request.password = settings.password;
    request.from = mail.from.address;
    request.to = mail.to.address;
    request.headers = {{"From", header_address(mail.from)},
                       {"To", header_address(mail.to)},
                       {"Subject", header_text(mail.subject)},
                       {"Date", date_header(now_s)},
                       {"Message-ID", "<" + mail.id + "@" + domain_of(mail.from.address) + ">"},
                       {"X-Coupon-Id", mail.id}};
    request.headers.insert(request.headers.end(), mail.headers.begin(), mail.headers.end());
    request.text = mail.text;
    request.html = mail.html;
    return request;
}

SendOutcome smtp_outcome(const HttpAnswer& answer) {
    if (answer.outcome != HttpAnswer::Outcome::answered) {
        return foreign_answer(answer, "the SMTP server", "SMTP_URL");
    }
    if (answer.ok()) {
        return {Kind::sent, queue_id(answer.body), "", {}};
    }
    switch (answer.status) {
        case 421:
            return {Kind::down, "", said(answer), {}};
        case 530:
        case 534:
        case 535:
        case 538:
            return {Kind::down, "", said(answer) + " (are SMTP_USER and SMTP_PASSWORD right?)", {}};
        default:
            return {answer.status >= 500 ? Kind::permanent : Kind::retry, "", said(answer), {}};
    }
}

}  // namespace coupon
