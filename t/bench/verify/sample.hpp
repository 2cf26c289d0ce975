// One webhook as a provider sends it, with the settings of the location that takes it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/webhook/provider.hpp"

struct Sample {
    std::string provider;
    std::string body{};   // about 1 KB, or empty where the query carries the fields
    std::string query{};  // likewise
    std::string path = "/webhooks/provider";
    std::vector<std::pair<std::string, std::string>> headers{};
    coupon::WebhookSettings settings{};
};

// What one of them signs with; no secret of anybody.
inline const std::string sample_secret = "0123456789abcdef0123456789abcdef";
inline const std::string sample_url = "https://shop.example/webhooks/provider";

// A JSON object of `bytes` bytes.
std::string json_body(size_t bytes);

// One function per way of proving it; each adds its providers.
void add_signed_bodies(std::vector<Sample>& samples);
void add_signed_forms(std::vector<Sample>& samples);
void add_public_keys(std::vector<Sample>& samples);
void add_url_tokens(std::vector<Sample>& samples);
