// Affiliate postbacks: a token in the URL, and fields whose names the network or we chose.
#pragma once

#include "core/webhook/provider.hpp"

namespace coupon {

inline constexpr size_t kPostbackBodyMaxBytes = 65536;

/// Token, form of the fields, and the tag of a click id that claims to be ours.
WebhookCheck verify_postback(std::span<const WebhookFieldName> default_map,
                             const WebhookSettings& settings, const WebhookRequest& request);

}  // namespace coupon
