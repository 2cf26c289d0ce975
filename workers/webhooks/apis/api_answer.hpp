// What the providers' own APIs have in common.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/http_client.hpp"

namespace coupon {

// What a provider's own word says about an event that nobody signed. It disagrees when it says
// something else; an answer that does not say, whatever its reason, is asked for again.
struct Agreement {
    bool agreed = false;
    std::string reason;  // why not: constants and states, never a secret
};

inline Agreement agreed() {
    return {true, {}};
}
inline Agreement disagreed(std::string reason) {
    return {false, std::move(reason)};
}

// Throws RetryLater unless the provider answered, and with 2xx: any other status tells of the call,
// not of what was asked about. Retry-After is honoured.
void require_answer(const HttpAnswer& answer, const char* provider);

// As above, and the body must be JSON (numbers as their text).
nlohmann::json require_json(const HttpAnswer& answer, const char* provider);

}  // namespace coupon
