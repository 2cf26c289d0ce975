// The secret that a provider without signatures has: a token as last segment of its URL.
#pragma once

#include <optional>

#include "core/webhook/provider.hpp"

namespace coupon {

/// What is wrong with the token; nothing when it is one of the location's.
std::optional<WebhookCheck> url_token_problem(const WebhookSettings& settings,
                                              const WebhookRequest& request);

}  // namespace coupon
