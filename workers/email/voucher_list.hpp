// Voucher codes, in the shapes that order_items.voucher_codes and producers have them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace coupon {

// A list of {code, pin, product, expires_at}, absent ones null, from a list of texts or objects, or
// one of them alone; null is an empty list. Throws PermanentFailure that names the element that
// cannot be read, never its text.
nlohmann::json voucher_list(const nlohmann::json& given);

}  // namespace coupon
