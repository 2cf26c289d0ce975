#include "email/suppression_list.hpp"

#include "email/mail_rules.hpp"

namespace coupon {
namespace {

constexpr const char* look_up_sql =
    "SELECT address, reason FROM suppressions WHERE channel = 'email' AND address = "
    "ANY($1::text[])";

}  // namespace

void SuppressionList::look_up(PgConnection& pg, const std::vector<Message>& messages) {
    PgArray addresses;
    for (const auto& message : messages) {
        addresses.add(lower_case_address(message.to));
    }
    reasons_.clear();
    if (addresses.empty()) {
        return;
    }
    const auto rows = pg.execute(look_up_sql, {addresses.literal()});
    for (int row = 0; row < rows.rows(); ++row) {
        reasons_[std::string(rows.text(row, 0))].emplace(rows.text(row, 1));
    }
}

void SuppressionList::refuse(const std::string& address, bool critical) const {
    const auto found = reasons_.find(lower_case_address(address));
    if (found == reasons_.end()) {
        return;
    }
    for (const auto& reason : found->second) {
        if (reason != "unsubscribe" || !critical) {
            throw NotSent("suppressed", "the recipient is on the suppression list: " + reason);
        }
    }
}

}  // namespace coupon
