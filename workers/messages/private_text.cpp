#include "messages/private_text.hpp"

#include <algorithm>

#include "runtime/environment.hpp"

namespace coupon {
namespace {

constexpr std::size_t shortest = 4;

void collect(const nlohmann::json& value, std::vector<std::string>& texts) {
    if (value.is_structured()) {
        for (const auto& member : value) {
            collect(member, texts);
        }
    } else if (value.is_string()) {
        texts.push_back(value.get<std::string>());
    } else if (value.is_number()) {
        texts.push_back(value.dump());
    }
}

void hide(std::string& text, const std::string& secret) {
    if (secret.size() < shortest) {
        return;
    }
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) {
        text.replace(at, secret.size(), "***");
    }
}

}  // namespace

PrivateText::PrivateText() {
    for (const char* name :
         {"SENDGRID_API_KEY", "SMTP_PASSWORD", "MSG91_AUTH_KEY", "TWILIO_AUTH_TOKEN"}) {
        if (auto key = environment_value(name)) {
            keys_.push_back(std::move(*key));
        }
    }
}

std::string PrivateText::hidden(std::string text, const Message& message) const {
    if (text.empty()) {
        return text;
    }
    auto secrets = keys_;
    secrets.push_back(message.to);
    collect(message.data, secrets);
    // The longest first: a link is hidden as a whole, not around the token in it.
    std::sort(secrets.begin(), secrets.end(),
              [](const auto& a, const auto& b) { return a.size() > b.size(); });
    for (const auto& secret : secrets) {
        hide(text, secret);
    }
    return text;
}

}  // namespace coupon
