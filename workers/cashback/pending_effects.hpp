// Works on the effects of all changed transactions, whichever run changed them, until none is left.
#pragma once

#include <string>

#include "cashback/cashback_totals.hpp"
#include "cashback/effects.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

class PendingEffects {
  public:
    PendingEffects(EffectSettings settings, CashbackTotals& totals, const StopSignal& stop,
                   const Log& log)
        : effects_(std::move(settings), log), totals_(totals), stop_(stop), log_(log) {}

    // False: some are left, because a stop was requested or PostgreSQL did not do them; they are
    // done the next time. Throws PgError only when the connection is lost.
    bool work_off(PgConnection& pg, const std::string& cause);

  private:
    TransactionEffects effects_;
    CashbackTotals& totals_;
    const StopSignal& stop_;
    const Log& log_;
};

}  // namespace coupon
