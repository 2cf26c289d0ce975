// Amounts as networks write them, as exact decimals. Pure.
#pragma once

#include <string>
#include <string_view>

namespace coupon {

struct NetworkAmount {
    std::string text;    // "80.00", below 10^12, as NUMERIC(14,2) takes it; empty: see reason
    std::string reason;  // "is negative", …
};

// The digits of a JSON number or text: "80", "80.005", "8e1". More than two decimals are rounded
// half up, once, from the digits as they stand.
NetworkAmount read_network_amount(std::string_view text);

}  // namespace coupon
