// What a provider says in its answers, fit for a log or a row that people read.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "messages/message.hpp"
#include "runtime/http_client.hpp"

namespace coupon {

// One line of printable ASCII, cut to a sentence's length; words with four digits or more or an @
// (recipients, passwords, codes) and each of `secrets` become "...".
std::string provider_words(std::string_view text,
                           std::initializer_list<std::string_view> secrets = {});

// The answer's JSON object; null where its body is none.
nlohmann::json answer_object(const HttpAnswer& answer);

// The text or number `name` of an answer's object; empty where there is none.
std::string answer_text(const nlohmann::json& object, const char* name);

// What an answer means that is no answer of the provider's own: nothing came, or another page than
// its JSON. `who` as people call the provider, `base_variable` where its address stands.
SendOutcome foreign_answer(const HttpAnswer& answer, const std::string& who,
                           const char* base_variable);

// Retry-After, where it is given.
std::optional<std::chrono::milliseconds> wait_of(const HttpAnswer& answer);

}  // namespace coupon
