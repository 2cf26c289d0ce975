// From a changed transaction to its effect: whose it is, how much, which state, which postings.
//
// The rule: a transaction is worth its share to its user's wallet while it is matched, is not
// another report of an order that a transaction with a lower id reports, and its state is not
// rejected and at least credit_on; else it is worth nothing. So the wallet depends on the network's
// last word alone, whatever was seen in between. The share is that of the rule which is valid at
// the purchase; a rule that is edited later does not change what was paid for the same sale and
// commission.
#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include "cashback/networks/network.hpp"
#include "core/siphash.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

struct EffectSettings {
    std::vector<SipKey> click_keys;      // COUPON_CLICK_KEY; empty: tags are not checked
    std::int64_t attribution_days = 30;  // ATTRIBUTION_DAYS
    std::string currency = "INR";        // CASHBACK_CURRENCY: what wallets are in
    std::map<std::string, NetworkState>
        credit_on;  // by network; others' transactions are left alone
};

struct EffectCounts {
    std::int64_t processed = 0, matched = 0, unmatched = 0, credited = 0, reversed = 0, failed = 0;

    EffectCounts& operator+=(const EffectCounts& other);
};

// Another worker is at the effects, these included.
class EffectsBusy : public std::exception {
  public:
    [[nodiscard]] const char* what() const noexcept override {
        return "another worker is at the effects";
    }
};

class TransactionEffects {
  public:
    TransactionEffects(EffectSettings settings, const Log& log);

    // Works on up to `max` transactions whose version has not had its effect yet, oldest first, in
    // one transaction; other reports of their orders may come on top. Those that are locked are
    // left out. One that fails is put aside with its reason (`problem` begins with "no effect: ",
    // processed = version) and the rest goes on; one that needs a row which somebody else holds for
    // longer than lock_timeout is left to wait, and not taken again before forget_waiting().
    // `cause` is written to cashback_transitions. processed == 0: nothing is left but what waits.
    // Only one process at a time does this: throws EffectsBusy, and PgError.
    EffectCounts work(PgConnection& pg, int max, const std::string& cause);

    [[nodiscard]] bool has_waiting() const noexcept { return !waiting_.empty(); }
    void forget_waiting() noexcept { waiting_.clear(); }

  private:
    EffectCounts work_on(PgConnection& pg, std::vector<std::int64_t> ids, int max,
                         const std::string& cause);
    EffectCounts work_once(PgConnection& pg, std::vector<std::int64_t>& ids, int max,
                           const std::string& cause);
    EffectCounts put_aside(PgConnection& pg, std::int64_t id, const std::string& why);
    void let_wait(std::int64_t id, const std::string& why);

    const EffectSettings settings_;
    const Log& log_;
    std::vector<std::int64_t> waiting_;
};

// Those that found no rate or no usable rule, or may have been credited before the ledger, are
// looked at again, and while they are younger than the attribution window those that found no
// owner, since a click may be stored late: sets version
// + 1; how many. Not what no click can heal, nor what was rejected. At most 10,000 at a time, those
// first whose last look is the longest ago. Throws PgError.
std::int64_t look_again_at_unmatched(PgConnection& pg, std::int64_t attribution_days);

}  // namespace coupon
