// What the coupon_webhook… directives of one location leave behind.
#pragma once

#include "nginx.hpp"

#include "core/webhook/provider.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace coupon {

// Where a directive stands: some problems only show when the whole location was read.
struct DirectivePlace {
    const char* directive = "";
    std::string file;
    ngx_uint_t line = 0;
};

struct WebhookConf {
    const WebhookProvider* provider = nullptr;  // never null once the configuration was accepted
    size_t provider_index = 0;                  // its row in webhook_providers()
    WebhookSettings settings;
    std::string location;  // as the configuration names it
    std::vector<std::string_view> evidence_headers;
    uint64_t body_max_bytes = 0;  // client_max_body_size

    uint64_t refused_tat_ns = 0;  // of this worker's part: how often it may journal a refusal (gcra.hpp)

    // Only until the location was checked.
    std::vector<DirectivePlace> places;         // the first of each directive
    std::vector<DirectivePlace> secret_places;  // one a secret
    std::vector<DirectivePlace> token_places;   // one a token
};

}  // namespace coupon
