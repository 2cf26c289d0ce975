#include "admin/api/member_names.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace coupon {
namespace {

// Lower case without what separates words, and where the last word begins.
struct PlainName {
    std::string text;
    std::size_t last_word = 0;

    explicit PlainName(std::string_view name) {
        bool was_lower = false;
        bool separated = false;
        for (const char c : name) {
            const bool upper = c >= 'A' && c <= 'Z';
            const bool lower = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            if ((upper && was_lower) || ((upper || lower) && separated)) {
                last_word = text.size();
            }
            if (upper || lower) {
                text += upper ? static_cast<char>(c - 'A' + 'a') : c;
            }
            separated = !upper && !lower;
            was_lower = lower;
        }
    }

    [[nodiscard]] std::string last() const { return text.substr(last_word); }
};

template <std::size_t Size>
bool holds_any(const std::string& name, const std::array<std::string_view, Size>& words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

template <std::size_t Size>
bool is_any(const std::string& name, const std::array<std::string_view, Size>& words) {
    return std::find(words.begin(), words.end(), name) != words.end();
}

// Codes that say what happened; every other one may buy something.
constexpr std::array<std::string_view, 9> public_codes{
    "errorcode",  "statuscode",   "responsecode", "reasoncode", "countrycode",
    "resultcode", "currencycode", "statecode",    "eventcode"};

constexpr std::array<std::string_view, 23> secrets{
    "otp",     "token",  "voucher",  "password", "passwd",  "passcode", "secret",    "signature",
    "authori", "cookie", "apikey",   "code",     "cvv",     "cvc",      "url",       "link",
    "href",    "hash",   "checksum", "session",  "xverify", "nonce",    "credential"};

constexpr std::array<std::string_view, 8> contacts{"email",  "mail",    "phone",     "mobile",
                                                   "msisdn", "contact", "recipient", "whatsapp"};

constexpr std::array<std::string_view, 7> addresses{
    "ip", "ipaddress", "remoteaddr", "remote", "clientip", "xforwardedfor", "xrealip"};

// Personal although some of them end like an id or a state.
constexpr std::array<std::string_view, 14> personal{
    "upi", "vpa",     "iban",   "account",   "card",     "bank",    "name",
    "pan", "aadhaar", "street", "useragent", "referrer", "address", "birth"};

// As the whole name, or as its last word.
constexpr std::array<std::string_view, 45> harmless{
    "amount",    "currency", "event",    "events", "status",  "state",    "type",    "kind",
    "network",   "gateway",  "provider", "method", "mode",    "entity",   "version", "v",
    "count",     "quantity", "total",    "fee",    "tax",     "attempts", "verdict", "trust",
    "outcome",   "edge",     "seg",      "seq",    "segment", "ts",       "time",    "date",
    "timestamp", "from",     "until",    "length", "accept",  "host",     "job",     "unknown",
    "reason",    "at",       "number",   "queue",  "utr"};

}  // namespace

MemberKind kind_of_member(std::string_view name) {
    const PlainName plain(name);
    const auto& text = plain.text;
    const auto last = plain.last();
    if (is_any(text, public_codes)) {
        return MemberKind::harmless;
    }
    if (holds_any(text, secrets) || last == "pin") {
        return MemberKind::secret;
    }
    if (text == "to" || holds_any(text, contacts)) {
        return MemberKind::contact;
    }
    if (is_any(text, addresses)) {
        return MemberKind::address;
    }
    if (holds_any(text, personal)) {
        return MemberKind::personal;
    }
    const bool is_id = last.ends_with("id") || last.ends_with("ids");
    return is_id || is_any(text, harmless) || is_any(last, harmless) ? MemberKind::harmless
                                                                     : MemberKind::unknown;
}

bool is_secretive_type(std::string_view type) {
    const auto text = PlainName(type).text;
    constexpr std::array<std::string_view, 6> words{"otp",   "password", "verif",
                                                    "login", "voucher",  "token"};
    return holds_any(text, words);
}

}  // namespace coupon
