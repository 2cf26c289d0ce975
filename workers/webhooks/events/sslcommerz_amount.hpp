// What SSLCommerz charged: it settles in taka, whatever currency the shop asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace coupon {

struct SslcommerzAmounts {
    std::string amount, currency, currency_type, currency_amount;
};

struct Charge {
    std::optional<std::int64_t> paise;
    std::string currency;
};

// In taka: `amount`; in another currency: `currency_amount`, what the shop asked for.
Charge sslcommerz_charge(const SslcommerzAmounts& amounts);

}  // namespace coupon
