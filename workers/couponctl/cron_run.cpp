#include "couponctl/cron_run.hpp"

#include <chrono>
#include <iostream>
#include <thread>

#include "couponctl/actor.hpp"
#include "couponctl/duration.hpp"
#include "couponctl/settings.hpp"
#include "operations/cron_request.hpp"
#include "runtime/error.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr int deadline_ms = 30'000;
constexpr auto look_every = 300ms;
constexpr auto tell_every = 10s;

constexpr const char* state_sql =
    "SELECT status, COALESCE(error, ''), COALESCE(result::text, ''),"
    " COALESCE((extract(epoch FROM finished_at - started_at) * 1000)::bigint, 0),"
    " finished_at IS NOT NULL FROM cron_runs WHERE id = $1";

int wait_for(PgConnection& pg, const std::string& id, std::ostream& out) {
    auto told = steady::now();
    while (true) {
        const auto row = pg.execute(state_sql, {id});
        if (row.rows() == 0) {
            throw CommandError("cron run: somebody deleted run " + id);
        }
        const std::string status(row.text(0, 0));
        if (row.text(0, 4) == "t") {
            const auto what = storable_text(row.text(0, row.text(0, 1).empty() ? 2 : 1));
            out << status << " in " << duration_text(row.number(0, 3)) << ": " << what << '\n';
            return status == "completed" ? 0 : 1;
        }
        if (steady::now() - told >= tell_every) {
            told = steady::now();
            std::cerr << "couponctl: run " << id << " is " << status
                      << (status == "requested" ? "; a cron worker has to lead: see cron list\n"
                                                : "\n");
        }
        std::this_thread::sleep_for(look_every);
    }
}

}  // namespace

int run_cron_job(const CronRunOptions& options, std::ostream& out) {
    using Outcome = CronRequest::Outcome;
    auto pg = configured_postgres(deadline_ms);
    const auto actor = options.actor.empty() ? current_user() : options.actor;
    CronRequest request;
    // What waited may begin just then.
    do {
        request = request_cron_run(pg, options.job, actor, "couponctl cron run");
    } while (request.outcome == Outcome::already_asked && request.id.empty());
    if (request.outcome == Outcome::unknown_job) {
        throw CommandError(
            "cron run: there is no such job; see cron list (it is empty until a cron worker has "
            "led)");
    }
    out << "run " << request.id
        << (request.outcome == Outcome::asked ? " is requested\n"
                                              : " is requested already, and has not begun\n");
    return options.wait ? wait_for(pg, request.id, out) : 0;
}

}  // namespace coupon
