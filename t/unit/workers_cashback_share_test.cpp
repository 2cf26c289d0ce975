#include "cashback/cashback_share.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace coupon {
namespace {

CommissionRule percent(std::int64_t hundredths) {
    CommissionRule rule;
    rule.id = rule.merchant_id = 1;
    rule.value = hundredths;
    return rule;
}

CommissionRule fixed(std::int64_t paise) {
    auto rule = percent(paise);
    rule.percentage = false;
    return rule;
}

CommissionRule valid(std::int64_t id, std::optional<std::int64_t> from,
                     std::optional<std::int64_t> to,
                     std::optional<std::int64_t> category = std::nullopt) {
    CommissionRule rule;
    rule.id = id;
    rule.merchant_id = 7;
    rule.category_id = category;
    rule.valid_from_ms = from;
    rule.valid_to_ms = to;
    return rule;
}

std::int64_t chosen(const std::vector<CommissionRule>& rules, std::int64_t at_ms,
                    std::optional<std::int64_t> category = std::nullopt) {
    const auto* rule = rule_for(rules, 7, category, at_ms);
    return rule == nullptr ? 0 : rule->id;
}

constexpr std::int64_t plenty = 1'000'000'000;

TEST(CashbackShareTest, PercentageIsOfTheSale) {
    EXPECT_EQ(share_of(percent(250), 100'000, plenty).paise, 2'500);
    EXPECT_EQ(share_of(percent(250), 100'000, plenty).reason, "");
    EXPECT_EQ(share_of(percent(10'000), 12'345, plenty).paise, 12'345);
}

TEST(CashbackShareTest, FixedAmountNeedsNoSale) {
    EXPECT_EQ(share_of(fixed(5'000), std::nullopt, plenty).paise, 5'000);
    EXPECT_EQ(share_of(fixed(5'000), 1, plenty).paise, 5'000);
}

TEST(CashbackShareTest, RoundsHalfUpOnce) {
    EXPECT_EQ(share_of(percent(100), 49, plenty).paise, 0);       // 0.49
    EXPECT_EQ(share_of(percent(100), 50, plenty).paise, 1);       // 0.50
    EXPECT_EQ(share_of(percent(250), 19, plenty).paise, 0);       // 0.475
    EXPECT_EQ(share_of(percent(250), 20, plenty).paise, 1);       // 0.5
    EXPECT_EQ(share_of(percent(250), 59, plenty).paise, 1);       // 1.475
    EXPECT_EQ(share_of(percent(333), 4'550, plenty).paise, 152);  // 151.515
    EXPECT_EQ(share_of(percent(1), 14'999, plenty).paise, 1);     // 1.4999
    EXPECT_EQ(share_of(percent(1), 15'000, plenty).paise, 2);     // 1.5
    EXPECT_NE(share_of(percent(1), 1, plenty).reason, "");
}

TEST(CashbackShareTest, CapAndCommissionLimit) {
    auto rule = percent(1'000);
    rule.max_cashback = 5'000;
    EXPECT_EQ(share_of(rule, 50'000, plenty).paise, 5'000);
    EXPECT_EQ(share_of(rule, 50'000, plenty).reason, "");
    EXPECT_EQ(share_of(rule, 50'010, plenty).paise, 5'000);
    EXPECT_NE(share_of(rule, 50'010, plenty).reason, "");
    EXPECT_EQ(share_of(rule, 50'000, 4'999).paise, 4'999);
    EXPECT_NE(share_of(rule, 50'000, 4'999).reason, "");
    EXPECT_EQ(share_of(fixed(100), 50, 99).paise, 99);
    rule.max_cashback = 0;
    EXPECT_EQ(share_of(rule, 50'000, plenty).paise, 0);
    rule.max_cashback = -5;
    EXPECT_EQ(share_of(rule, 50'000, plenty).paise, 0);
}

TEST(CashbackShareTest, BelowTheMinimumIsNothing) {
    auto rule = percent(250);
    rule.min_order = 10'000;
    EXPECT_EQ(share_of(rule, 9'999, plenty).paise, 0);
    EXPECT_NE(share_of(rule, 9'999, plenty).reason, "");
    EXPECT_EQ(share_of(rule, 10'000, plenty).paise, 250);
    auto gift = fixed(100);
    gift.min_order = 10'000;
    EXPECT_EQ(share_of(gift, std::nullopt, plenty).paise, 0);
    EXPECT_EQ(share_of(gift, 10'000, plenty).paise, 100);
}

TEST(CashbackShareTest, NothingHasAReason) {
    for (const auto& share :
         {share_of(percent(250), std::nullopt, plenty), share_of(percent(250), 0, plenty),
          share_of(percent(250), -100, plenty), share_of(percent(250), 100, 0),
          share_of(fixed(10), 100, -1), share_of(percent(0), 100, plenty),
          share_of(percent(-1), 100, plenty), share_of(fixed(-1), 100, plenty)}) {
        EXPECT_EQ(share.paise, 0);
        EXPECT_NE(share.reason, "");
    }
}

TEST(CashbackShareTest, RuleIsValidFromItsStartUntilBeforeItsEnd) {
    const std::vector rules{valid(1, 100, 200)};
    EXPECT_EQ(chosen(rules, 99), 0);
    EXPECT_EQ(chosen(rules, 100), 1);
    EXPECT_EQ(chosen(rules, 199), 1);
    EXPECT_EQ(chosen(rules, 200), 0);
    EXPECT_EQ(chosen({valid(1, {}, 200)}, -5), 1);
    EXPECT_EQ(chosen({valid(1, 100, {})}, plenty), 1);
    EXPECT_EQ(chosen({}, 1), 0);
    EXPECT_EQ(rule_for(rules, 8, std::nullopt, 100), nullptr);
}

TEST(CashbackShareTest, CategoryBeforeNoneThenLatestStartThenLowestId) {
    EXPECT_EQ(chosen({valid(1, 50, {}), valid(2, 10, {}, 3)}, 100, 3), 2);
    EXPECT_EQ(chosen({valid(1, 50, {}), valid(2, 10, {}, 3)}, 100, 4), 1);
    EXPECT_EQ(chosen({valid(1, 50, {}), valid(2, 10, {}, 3)}, 100), 1);
    EXPECT_EQ(chosen({valid(1, 50, {}), valid(2, 10, 20, 3)}, 100, 3), 1);
    EXPECT_EQ(chosen({valid(1, {}, {}), valid(2, 10, {}), valid(3, 20, {})}, 100), 3);
    EXPECT_EQ(chosen({valid(5, 10, {}), valid(4, 10, {})}, 100), 4);
    EXPECT_EQ(chosen({valid(5, {}, {}), valid(4, {}, {})}, 100), 4);
}

TEST(CashbackShareTest, HoldsForAnyAmounts) {
    std::mt19937_64 dice(5);
    constexpr auto max = std::numeric_limits<std::int64_t>::max();
    for (int i = 0; i < 200'000; ++i) {
        const auto any = [&] { return static_cast<std::int64_t>(dice() >> (1 + dice() % 63)); };
        auto rule = percent(any());
        rule.percentage = dice() % 3 != 0;
        if (dice() % 2 == 0) {
            rule.max_cashback = any();
        }
        if (dice() % 4 == 0) {
            rule.min_order = any();
        }
        const auto sale = any();
        const auto commission = any();
        const auto share = share_of(rule, sale, commission);
        ASSERT_GE(share.paise, 0);
        ASSERT_LE(share.paise, commission);
        ASSERT_LE(share.paise, rule.max_cashback.value_or(max));
        ASSERT_TRUE(share.paise > 0 || !share.reason.empty());
        // More of a sale, or of a commission, never makes less.
        ASSERT_GE(share_of(rule, sale < max ? sale + 1 : sale, commission).paise, share.paise);
        ASSERT_GE(share_of(rule, sale, commission < max ? commission + 1 : commission).paise,
                  share.paise);
        if (rule.percentage && share.paise > 0 && share.reason.empty()) {
            // |share − sale × value / 10000| ≤ 1/2, and half goes up.
            __extension__ typedef __int128 Wide;
            const auto twice = (Wide(share.paise) * 10'000 - Wide(sale) * rule.value) * 2;
            ASSERT_GT(twice, -10'000);
            ASSERT_LE(twice, 10'000);
        }
    }
}

}  // namespace
}  // namespace coupon
