#include "sms/sms_suppressions.hpp"

#include "messages/message.hpp"

namespace coupon {
namespace {

constexpr const char* look_up_sql =
    "SELECT address, reason FROM suppressions WHERE channel = 'sms' AND address = ANY ($1::text[])";

}  // namespace

void SmsSuppressions::look_up(PgConnection& pg, const std::vector<std::string>& numbers) {
    PgArray addresses;
    for (const auto& number : numbers) {
        suppressed_.erase(number);
        addresses.add(number);
    }
    if (numbers.empty()) {
        return;
    }
    const auto rows = pg.execute(look_up_sql, {addresses.literal()});
    for (int row = 0; row < rows.rows(); ++row) {
        auto& reasons = suppressed_[std::string(rows.text(row, 0))];
        if (rows.text(row, 1) == "unsubscribe") {
            reasons.unsubscribed = true;
        } else {
            reasons.other = rows.text(row, 1);
        }
    }
}

void SmsSuppressions::refuse(const std::string& number, bool promotional) const {
    const auto found = suppressed_.find(number);
    if (found == suppressed_.end()) {
        return;
    }
    if (!found->second.other.empty()) {
        throw NotSent("suppressed",
                      "the number is on the suppression list: " + found->second.other);
    }
    if (found->second.unsubscribed && promotional) {
        throw NotSent("suppressed", "the number is on the suppression list: unsubscribe");
    }
}

}  // namespace coupon
