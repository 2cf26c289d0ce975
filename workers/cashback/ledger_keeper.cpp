#include "cashback/ledger_keeper.hpp"

#include "runtime/job_runner.hpp"
#include "runtime/watched_loop.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr int statement_deadline_ms = 30'000;
constexpr int pause_ms = 60'000;
// A click is stored within seconds, unless a disk had to be brought back; each look costs a write
// of every row that is looked at.
constexpr auto look_again_every = 10min;
// For --once, while another worker is at the effects.
constexpr int once_tries_max = 30;
constexpr int once_wait_ms = 1'000;
constexpr int seals_max = 100;   // of one minute, 10,000 transactions each
constexpr int alert_least = 20;  // fewer transactions a day tell nothing

constexpr const char* day_sql =
    "SELECT count(*), count(*) FILTER (WHERE unmatched IS NOT NULL) FROM affiliate_transactions"
    " WHERE first_seen_at > now() - interval '1 day'";

}  // namespace

LedgerKeeper::LedgerKeeper(const CashbackSettings& settings, const EffectSettings& effects,
                           const std::string& database_url, CashbackTotals& totals,
                           const StopSignal& stop, const Log& log)
    : settings_(settings),
      stop_(stop),
      log_(log),
      pg_(database_url, "coupon-worker ledger", statement_deadline_ms, prepare_job_session),
      effects_(effects, totals, stop, log) {}

template <typename Work>
void LedgerKeeper::attempt(const char* what, const Work& work) noexcept {
    try {
        if (!stop_.requested()) {
            work();
        }
    } catch (const PgError& error) {
        // Somebody posts for longer than a seal waits: its time comes.
        if (error.sqlstate() == "55P03") {
            log_.debug("the ledger is busy; the next try is in a minute", {{"work", what}});
            return;
        }
        log_.warn("the ledger could not be looked after; the next try is in a minute",
                  {{"work", what}, {"error", error.what()}});
    } catch (const std::exception& failure) {
        log_.error("the ledger could not be looked after; the next try is in a minute",
                   {{"work", what}, {"error", failure.what()}});
    }
}

void LedgerKeeper::run() noexcept {
    WatchedLoop loop("ledger");
    const WatchedLoop::Turns turns(loop);
    while (!stop_.requested()) {
        if (steady::now() >= look_again_due_) {
            look_again_due_ = steady::now() + look_again_every;
            look_again();
            attempt("the share of the unmatched", [this] { count_unmatched(); });
        }
        attempt("effects", [this] { effects_.work_off(pg_, "left by an earlier run"); });
        attempt("seals", [this] { seal(); });
        stop_.sleep_ms(pause_ms);
    }
}

bool LedgerKeeper::work_off() noexcept {
    bool done = false;
    for (int tries = 0; !done && tries < once_tries_max && !stop_.requested(); ++tries) {
        if (tries > 0) {
            stop_.sleep_ms(once_wait_ms);
        }
        attempt("effects", [&] { done = effects_.work_off(pg_, "left by an earlier run"); });
    }
    return done;
}

void LedgerKeeper::look_again() noexcept {
    attempt("unmatched transactions", [this] {
        const auto again = look_again_at_unmatched(pg_, settings_.effects.attribution_days);
        if (again > 0) {
            log_.info("unmatched transactions are looked at again", {{"transactions", again}});
        }
    });
}

void LedgerKeeper::seal() {
    for (int seals = 0; seals < seals_max && !stop_.requested(); ++seals) {
        if (pg_.execute("SELECT ledger_seal()").is_null(0, 0)) {
            return;
        }
    }
}

void LedgerKeeper::count_unmatched() {
    const auto row = pg_.execute(day_sql);
    const auto all = row.number(0, 0);
    const auto unmatched = row.number(0, 1);
    const bool alert = all >= alert_least && unmatched * 100 > all * settings_.unmatched_alert;
    if (alert) {
        log_.error(
            "too many of the last day's transactions are unmatched; see couponctl cashback "
            "unmatched",
            {{"unmatched", unmatched},
             {"transactions", all},
             {"allowed_percent", static_cast<std::int64_t>(settings_.unmatched_alert)}});
    } else if (alerting_) {
        log_.info("the share of unmatched transactions is as it should be again",
                  {{"unmatched", unmatched}, {"transactions", all}});
    }
    alerting_ = alert;
}

}  // namespace coupon
