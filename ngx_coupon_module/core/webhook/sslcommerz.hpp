// SSLCommerz's instant payment notification: a form whose field verify_key names the signed fields.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/webhook/form.hpp"

namespace coupon {

/// The fields that verify_key names, sorted by name; only these may have an effect. Nothing when the
/// body is no such form: a name twice, a named field absent, a name that is none.
std::optional<std::vector<FormField>> sslcommerz_signed_fields(std::string_view body);

}  // namespace coupon
