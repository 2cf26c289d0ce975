#include "cashback/earlier_verdict.hpp"

#include <cstdlib>

namespace coupon {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t day_ms = 24 * hour_ms;
constexpr std::int64_t clock_skew_ms = hour_ms;
// Two networks tell the time of one purchase; an old back end heard of it days or weeks later.
constexpr std::int64_t reports_apart_max_ms = day_ms;
constexpr std::int64_t heard_after_max_ms = 30 * day_ms;

enum class Agreement : std::uint8_t { unknown, equal, different };

Agreement sales_agree(const TransactionRow& row, const EarlierEvent& event) {
    if (!row.sale || !event.sale || row.currency.empty() || row.currency != event.currency) {
        return Agreement::unknown;
    }
    return *row.sale == *event.sale ? Agreement::equal : Agreement::different;
}

bool is_close(const TransactionRow& row, const EarlierEvent& event) {
    if (!row.occurred_ms) {
        return true;
    }
    if (event.occurred_ms) {
        return std::llabs(*event.occurred_ms - *row.occurred_ms) <= reports_apart_max_ms;
    }
    return !event.created_ms || *event.created_ms - *row.occurred_ms <= heard_after_max_ms;
}

}  // namespace

EarlierVerdict judge_earlier(const TransactionRow& row, const EarlierEvent& event) {
    if (event.is_named) {
        return EarlierVerdict::same;
    }
    if (!row.order_ref.empty() &&
        (row.order_ref == event.order_ref || row.order_ref == event.name)) {
        return EarlierVerdict::same;
    }
    if (!row.order_ref.empty() && !event.order_ref.empty()) {
        return EarlierVerdict::another;
    }
    if (event.network == row.network) {
        return EarlierVerdict::another;
    }
    if (row.occurred_ms && event.created_ms &&
        *row.occurred_ms > *event.created_ms + clock_skew_ms) {
        return EarlierVerdict::another;
    }
    const auto agreement = sales_agree(row, event);
    if (event.is_of_click) {
        // What an old back end noted may differ from what a network says now; two networks agree.
        const bool is_reported = event.occurred_ms.has_value();
        return is_reported && agreement == Agreement::different ? EarlierVerdict::another
                                                                : EarlierVerdict::maybe;
    }
    return agreement == Agreement::equal && is_close(row, event) ? EarlierVerdict::maybe
                                                                 : EarlierVerdict::another;
}

}  // namespace coupon
