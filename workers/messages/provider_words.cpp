#include "messages/provider_words.hpp"

#include <algorithm>

#include "runtime/clock.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using nlohmann::json;
using Kind = SendOutcome::Kind;

constexpr std::size_t words_bytes_max = 200;
constexpr long digits_shown_max = 3;
constexpr const char* hidden = "...";

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_word_end(char c) noexcept {
    return std::string_view(" \t\r\n,;:()'\"<>").find(c) != std::string_view::npos;
}

std::string without(std::string text, std::string_view secret) {
    if (secret.empty()) {
        return text;
    }
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
        text.replace(at, secret.size(), hidden);
    }
    return text;
}

SendOutcome make(Kind kind, std::string reason) {
    SendOutcome outcome;
    outcome.kind = kind;
    outcome.reason = std::move(reason);
    return outcome;
}

}  // namespace

std::string provider_words(std::string_view text, std::initializer_list<std::string_view> secrets) {
    std::string clean(text);
    for (const auto secret : secrets) {
        clean = without(std::move(clean), secret);
    }
    std::string words;
    for (std::size_t at = 0; at < clean.size() && words.size() < words_bytes_max;) {
        const auto begin = clean.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = std::find_if(begin, clean.end(), is_word_end);
        if (std::count_if(begin, end, is_digit) > digits_shown_max ||
            std::find(begin, end, '@') != end) {
            words += hidden;
        } else {
            words.append(begin, end);
        }
        if (end != clean.end()) {
            words += *end;
        }
        at = static_cast<std::size_t>(end - clean.begin()) + 1;
    }
    words.resize(std::min(words.size(), words_bytes_max));
    for (char& c : words) {
        c = c >= ' ' && c < 0x7f ? c : ' ';
    }
    return words;
}

json answer_object(const HttpAnswer& answer) {
    auto body = json::parse(answer.body, nullptr, false);
    return body.is_object() ? body : json();
}

std::string answer_text(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) {
        return {};
    }
    if (found->is_string()) {
        return found->get<std::string>();
    }
    return found->is_number_integer() ? found->dump() : std::string();
}

SendOutcome foreign_answer(const HttpAnswer& answer, const std::string& who,
                           const char* base_variable) {
    if (answer.outcome == HttpAnswer::Outcome::failed) {
        return make(Kind::down, who + " cannot be reached: " + answer.error);
    }
    if (answer.outcome == HttpAnswer::Outcome::unknown) {
        return make(Kind::unknown, who + " did not answer: " + answer.error);
    }
    const auto said = who + " answered " + std::to_string(answer.status);
    if (answer.status >= 200 && answer.status < 300) {
        return make(Kind::unknown, said + " with something else than its JSON");
    }
    if (answer.status == 504) {
        // A gateway gave up waiting: who is behind it may have the message.
        return make(Kind::unknown, said);
    }
    if (answer.status == 429) {
        auto outcome = make(Kind::throttled, said);
        outcome.after = wait_of(answer);
        return outcome;
    }
    if (answer.status >= 500) {
        return make(Kind::down, said);
    }
    // A message cannot be the cause: none of its own refusals looks like this.
    return make(Kind::down, said + " without its JSON: check " + base_variable);
}

std::optional<std::chrono::milliseconds> wait_of(const HttpAnswer& answer) {
    const auto after = answer.header("retry-after");
    return after ? parse_retry_after(*after, unix_now_s()) : std::nullopt;
}

}  // namespace coupon
