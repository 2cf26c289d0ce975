#include "cashback/pending_effects.hpp"

#include "runtime/backoff.hpp"

namespace coupon {
namespace {

constexpr int batch_max = 500;
// Somebody else may be at the same users' wallets: a deadlock is soon over.
constexpr int tries_max = 5;

}  // namespace

bool PendingEffects::work_off(PgConnection& pg, const std::string& cause) {
    Backoff backoff{50, 1000};
    int tries = 0;
    effects_.forget_waiting();
    while (!stop_.requested()) {
        try {
            const auto counts = effects_.work(pg, batch_max, cause);
            totals_.count_effects(counts);
            if (counts.processed == 0) {
                return !effects_.has_waiting();
            }
            tries = 0;
        } catch (const EffectsBusy& busy) {
            log_.debug(busy.what());
            return false;
        } catch (const PgError& error) {
            if (error.sqlstate().empty()) {
                throw;
            }
            if (!error.is_temporary() || ++tries == tries_max) {
                log_.error("the effects of transactions cannot be written; they are tried again",
                           {{"error", error.what()}, {"sqlstate", error.sqlstate()}});
                return false;
            }
            stop_.sleep_ms(backoff.next_ms());
        }
    }
    return false;
}

}  // namespace coupon
