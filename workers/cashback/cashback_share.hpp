// How much of a purchase goes to the user: exact, rounded half up once, at the end. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coupon {

// A row of merchant_commissions. Values are hundredths: of a percent for percentages (250 = 2.5 %),
// of the currency's unit for fixed ones.
struct CommissionRule {
    std::int64_t id = 0, merchant_id = 0;
    std::optional<std::int64_t> category_id;
    bool percentage = true;
    std::int64_t value = 0;
    std::optional<std::int64_t> max_cashback, min_order;  // hundredths
    std::optional<std::int64_t> valid_from_ms, valid_to_ms;
    std::string problem;  // not empty: it cannot be understood, and why; nothing may be paid by it
};

// The rule that counts at that time: one of the offer's category before one of none, then the
// latest valid_from, then the lowest id. Null: there is none. The bounds: from ≤ t < to.
const CommissionRule* rule_for(const std::vector<CommissionRule>& rules, std::int64_t merchant_id,
                               std::optional<std::int64_t> category_id, std::int64_t at_ms);

struct Share {
    std::int64_t paise = 0;
    std::string reason;  // why it is 0, or less than the rule says
};

// `sale` and `commission` in hundredths of the currency that is credited. A percentage is of the
// sale; without a sale it is 0 with a reason, and so is a minimum. Never above max_cashback, never
// above the commission, never below 0.
Share share_of(const CommissionRule& rule, std::optional<std::int64_t> sale,
               std::int64_t commission);

}  // namespace coupon
