#include "webhooks/events/sslcommerz_amount.hpp"

#include "runtime/amount.hpp"

namespace coupon {

Charge sslcommerz_charge(const SslcommerzAmounts& amounts) {
    if (amounts.currency_type.empty() || amounts.currency_type == "BDT") {
        const auto& currency = amounts.currency.empty() ? "BDT" : amounts.currency;
        return {parse_major_units(amounts.amount), currency};
    }
    return {parse_major_units(amounts.currency_amount), amounts.currency_type};
}

}  // namespace coupon
