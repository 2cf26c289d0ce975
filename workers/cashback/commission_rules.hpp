// merchant_commissions as the shop keeps them.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "cashback/cashback_share.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// All rules of these merchants, whenever they are valid. Throws PgError.
std::vector<CommissionRule> load_commission_rules(PgConnection& pg,
                                                  const std::set<std::int64_t>& merchants);

}  // namespace coupon
