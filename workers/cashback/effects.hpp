// From a changed transaction to its effect: whose it is, how much, which state, which postings.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cashback/networks/network.hpp"
#include "core/siphash.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

struct EffectSettings {
    std::vector<SipKey> click_keys;               // COUPON_CLICK_KEY; empty: tags are not checked
    std::int64_t attribution_days = 30;           // ATTRIBUTION_DAYS
    std::string currency = "INR";                 // CASHBACK_CURRENCY: what wallets are in
    std::map<std::string, NetworkState> credit_on;  // by network
};

struct EffectCounts {
    std::int64_t processed = 0, matched = 0, unmatched = 0, credited = 0, reversed = 0, failed = 0;
};

class TransactionEffects {
  public:
    TransactionEffects(EffectSettings settings, const Log& log);

    // Works on up to `max` transactions whose version has not had its effect yet, oldest first, in one
    // transaction (FOR UPDATE SKIP LOCKED); a row that fails is put aside with its reason (`problem`,
    // processed = version) and the rest goes on. `cause` is written to cashback_transitions.
    // processed == 0: nothing is left. Throws PgError.
    EffectCounts work(PgConnection& pg, int max, const std::string& cause);

  private:
    const EffectSettings settings_;
    const Log& log_;
};

// Unmatched ones younger than the attribution window are looked at again (their click may be stored
// late): sets version + 1; how many.
std::int64_t look_again_at_unmatched(PgConnection& pg, std::int64_t attribution_days);

}  // namespace coupon
