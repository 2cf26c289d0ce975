#include "cron/cron_desk.hpp"

#include <array>

#include "runtime/backoff.hpp"
#include "runtime/correlation.hpp"
#include "runtime/job_runner.hpp"
#include "runtime/job_table.hpp"

namespace coupon {
namespace {

using steady = std::chrono::steady_clock;

constexpr int statement_deadline_ms = 30'000;
// Before a run is begun again for which PostgreSQL was away or too busy.
constexpr std::array<int, takeovers_max> waits_ms{1'000, 5'000, 15'000};

std::int64_t ms_since(steady::time_point start) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - start).count();
}

bool was_stopped(const nlohmann::ordered_json& result) {
    return result.is_object() && result.value("interrupted", false);
}

}  // namespace

CronDesk::CronDesk(const CronJob& job, const TimeZone& zone, std::string database_url,
                   std::function<void()> done, const StopSignal& stop, const Log& log)
    : job_(job),
      zone_(zone),
      database_url_(std::move(database_url)),
      done_(std::move(done)),
      stop_(stop),
      log_(log) {}

CronDesk::~CronDesk() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void CronDesk::begin(CronClaim claim) {
    if (thread_.joinable()) {
        thread_.join();
    }
    began_.store(steady::now());
    busy_.store(true);
    try {
        thread_ = std::thread([this, claim = std::move(claim)] {
            work(claim);
            done_();
            busy_.store(false);
        });
    } catch (...) {
        busy_.store(false);  // the run is begun again
        throw;
    }
}

double CronDesk::busy_for_s() const noexcept {
    return busy() ? std::chrono::duration<double>(steady::now() - began_.load()).count() : 0;
}

// Whatever cannot be written down here is found again by its row.
void CronDesk::work(const CronClaim& claim) noexcept {
    try {
        const CorrelationScope scope("cron-" + claim.id);
        PgConnection pg(database_url_, "coupon-worker cron " + job_.name, statement_deadline_ms,
                        prepare_job_session);
        pg.on_notice([this](const std::string& notice) {
            log_.warn("PostgreSQL says", {{"job", job_.name}, {"notice", notice}});
        });
        RunRow row(pg, claim);
        run_to_an_end(pg, row);
    } catch (const LeaseLost& lost) {
        log_.warn("another worker has this run by now; what it had not committed is undone",
                  {{"job", job_.name}, {"error", lost.what()}});
    } catch (const std::exception& failure) {
        log_.error("a run could not be ended; it is begun again",
                   {{"job", job_.name}, {"error", failure.what()}});
    }
}

void CronDesk::run_to_an_end(PgConnection& pg, RunRow& row) {
    while (true) {
        std::string why;
        try {
            return run_once(pg, row);
        } catch (const LeaseLost&) {
            throw;
        } catch (const PgError& error) {
            why = error.what();
            const int begun = row.claim().takeovers;
            if (error.is_temporary() && begun < takeovers_max) {
                log_.warn("a job met a PostgreSQL that is away or busy; it is begun again",
                          {{"job", job_.name}, {"error", why}});
                stop_.sleep_ms(waits_ms.at(static_cast<std::size_t>(begun)));
                if (stop_.requested()) {
                    return row.give_back();
                }
                write([&row] { row.begin_again(); });
                continue;
            }
        } catch (const std::exception& failure) {
            why = failure.what();
        }
        log_.error("a job failed; it runs again when it is due",
                   {{"job", job_.name}, {"error", why}});
        return write([&] { row.fail(why); });
    }
}

void CronDesk::run_once(PgConnection& pg, RunRow& row) {
    log_.info("a job begins",
              {{"job", job_.name}, {"begun_before", std::int64_t{row.claim().takeovers}}});
    const auto start = steady::now();
    CronRun run{pg, row.claim().due_s, zone_, stop_, log_, [&row] { row.fence(); }};
    const auto result = job_.run(run);
    if (stop_.requested() && was_stopped(result)) {
        write([&row] { row.give_back(); });
        log_.info("a job stopped; another worker begins it", {{"job", job_.name}});
        return;
    }
    write([&] { row.complete(result); });
    log_.info("a job ended", {{"job", job_.name}, {"ms", ms_since(start)}});
}

// PostgreSQL may be away just then. A stop leaves the row to whoever leads next.
template <typename Write>
void CronDesk::write(const Write& write) {
    Backoff backoff{100, 5'000};
    while (true) {
        try {
            return write();
        } catch (const PgError& error) {
            if (!error.is_temporary() || stop_.requested()) {
                throw;
            }
            stop_.sleep_ms(backoff.next_ms());
        }
    }
}

}  // namespace coupon
