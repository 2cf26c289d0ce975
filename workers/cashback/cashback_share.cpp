#include "cashback/cashback_share.hpp"

#include <tuple>

namespace coupon {
namespace {

// Between the steps an amount is held in 1/10,000 of a hundredth, which a percentage in hundredths
// makes of it: exact, and far from overflow.
__extension__ typedef __int128 Fine;
constexpr Fine fine = 10'000;

bool is_valid_at(const CommissionRule& rule, std::int64_t at_ms) {
    return (!rule.valid_from_ms || *rule.valid_from_ms <= at_ms) &&
           (!rule.valid_to_ms || at_ms < *rule.valid_to_ms);
}

// Greater is better.
auto rank(const CommissionRule& rule) {
    return std::tuple(rule.category_id.has_value(), rule.valid_from_ms, -rule.id);
}

Share nothing(const char* reason) {
    return {0, reason};
}

}  // namespace

const CommissionRule* rule_for(const std::vector<CommissionRule>& rules, std::int64_t merchant_id,
                               std::optional<std::int64_t> category_id, std::int64_t at_ms) {
    const CommissionRule* best = nullptr;
    for (const auto& rule : rules) {
        if (rule.merchant_id == merchant_id && is_valid_at(rule, at_ms) &&
            (!rule.category_id || rule.category_id == category_id) &&
            (best == nullptr || rank(rule) > rank(*best))) {
            best = &rule;
        }
    }
    return best;
}

Share share_of(const CommissionRule& rule, std::optional<std::int64_t> sale,
               std::int64_t commission) {
    if (commission <= 0) {
        return nothing("the network pays no commission");
    }
    if (rule.value <= 0) {
        return nothing("the rule gives nothing");
    }
    if (!sale && (rule.percentage || rule.min_order)) {
        return nothing("the network does not say what the sale was");
    }
    if (sale && *sale <= 0 && rule.percentage) {
        return nothing("the sale is worth nothing");
    }
    if (rule.min_order && *sale < *rule.min_order) {
        return nothing("the sale is below the minimum");
    }
    Share share;
    auto amount = rule.percentage ? Fine(*sale) * rule.value : Fine(rule.value) * fine;
    const auto limit = [&](std::int64_t most, const char* reason) {
        if (amount > Fine(most) * fine) {
            amount = Fine(most) * fine;
            share.reason = reason;
        }
    };
    if (rule.max_cashback) {
        limit(*rule.max_cashback, "the rule allows no more");
    }
    limit(commission, "the commission is no more");
    if (amount <= 0) {
        return nothing("the rule allows nothing");
    }
    share.paise = static_cast<std::int64_t>((amount + fine / 2) / fine);
    if (share.paise == 0) {
        share.reason = "the share is less than half of a hundredth";
    }
    return share;
}

}  // namespace coupon
