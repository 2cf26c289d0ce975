#include "runtime/job_thread.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string_view>

#include "runtime/backoff.hpp"
#include "runtime/correlation.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/suspect_gate.hpp"

namespace coupon {
namespace {

constexpr int statement_deadline_ms = 30'000;
// Whoever puts a poisoned job to the dead letters may die of it as well: after as many more starts
// the row alone is changed.
constexpr int starts_of_on_dead = 3;

// PostgreSQL answers, but this job is in its way or it in the job's: a cancelled statement, memory,
// a serialization failure, a deadlock, a lock's time-out.
bool is_of_this_job(const PgError& error) {
    constexpr std::array<std::string_view, 5> states{"57014", "53200", "40001", "40P01", "55P03"};
    return std::find(states.begin(), states.end(), error.sqlstate()) != states.end();
}

SuspectGate& gate_of_the_process() {
    static SuspectGate gate;
    return gate;
}

class JobThread {
  public:
    explicit JobThread(JobRunner::Impl& runner)
        : runner_(runner),
          pg_(runner.database_url, "coupon-worker " + runner.table.name(), statement_deadline_ms,
              prepare_job_session) {}

    void run() {
        while (auto job = next()) {
            const LeasesInFlight::Hold hold(runner_.leases, *job);
            const CorrelationScope scope(job->correlation_id);
            work_in_turn(*job);
        }
    }

  private:
    std::optional<Job> next() {
        if (auto job = take()) {
            return job;
        }
        const std::lock_guard turn(runner_.turn);
        while (!runner_.stop.requested()) {
            if (auto job = take()) {
                return job;
            }
            sleep_idle();
        }
        return std::nullopt;
    }

    std::optional<Job> take() {
        while (!runner_.stop.requested()) {
            try {
                auto jobs = runner_.table.take(pg_, 1, runner_.options.lease);
                if (!backoff_.fresh()) {
                    runner_.log.info("PostgreSQL hands out jobs again",
                                     {{"table", runner_.table.name()}});
                    backoff_.reset();
                }
                if (jobs.empty()) {
                    return std::nullopt;
                }
                runner_.counts.started.fetch_add(1);
                return std::move(jobs.front());
            } catch (const PgError& error) {
                wait_for_postgres(error);
            }
        }
        return std::nullopt;
    }

    void sleep_idle() {
        std::unique_lock lock(runner_.wake_mutex);
        runner_.wake.wait_for(lock, std::chrono::milliseconds(runner_.options.idle_ms),
                              [this] { return runner_.woken; });
        runner_.woken = false;
    }

    void work_in_turn(const Job& job) {
        const bool suspect = job.starts > 1;
        auto& gate = gate_of_the_process();
        if (!gate.try_enter(suspect) && !wait_for_turn(gate, job, suspect)) {
            return;
        }
        work(job);
        gate.leave(suspect);
    }

    // Its lease is renewed as if it ran. False: it is settled, or its lease lapses by itself.
    bool wait_for_turn(SuspectGate& gate, const Job& job, bool suspect) {
        bool entered = false;
        try {
            runner_.table.count_start(pg_, job, false);
            entered = gate.enter(suspect, runner_.stop);
            runner_.table.count_start(pg_, job, true);
            if (entered) {
                return true;
            }
            runner_.table.give_back(pg_, job);
            runner_.counts.given_back.fetch_add(1);
        } catch (const LeaseLost& lost) {
            note_lost(lost);
        } catch (const std::exception& failure) {
            leave(job, failure);
        }
        if (entered) {
            gate.leave(suspect);
        }
        return false;
    }

    void work(const Job& job) {
        try {
            if (job.starts > runner_.options.starts_max) {
                settle(job, [&] {
                    bury(job, "begun " + std::to_string(job.starts - 1) + " times and never ended");
                });
                return;
            }
            runner_.action(pg_, job);
            runner_.counts.completed.fetch_add(1);
        } catch (const LeaseLost& lost) {
            note_lost(lost);
        } catch (const PermanentFailure& failure) {
            settle(job, [&] { bury(job, failure.what()); });
        } catch (const RetryLater& failure) {
            retry(job, failure.what(), failure.after());
        } catch (const PgError& error) {
            if (is_of_this_job(error)) {
                retry(job, error.what() + (" [" + error.sqlstate() + "]"), crowded_delay(job));
            } else if (error.is_temporary()) {
                give_back(job, error);
            } else {
                retry(job, error.what() + (" [" + error.sqlstate() + "]"), std::nullopt);
            }
        } catch (const std::exception& failure) {
            retry(job, failure.what(), std::nullopt);
        } catch (...) {
            retry(job, "an exception of an unknown type", std::nullopt);
        }
    }

    void retry(const Job& job, const std::string& why,
               std::optional<std::chrono::milliseconds> after) {
        const int failed = job.attempts + 1;
        if (failed >= runner_.options.attempts_max) {
            settle(job, [&] { bury(job, why); });
            return;
        }
        constexpr std::chrono::milliseconds at_least{1000};
        const auto delay = after ? std::max(*after, at_least) : retry_delay(failed, random_);
        settle(job, [&] {
            runner_.table.retry(pg_, job, delay, why);
            runner_.counts.retried.fetch_add(1);
            runner_.log.warn("a job failed and is tried again",
                             {{"table", runner_.table.name()},
                              {"job", job.id},
                              {"attempt", static_cast<std::int64_t>(failed)},
                              {"in_s", static_cast<double>(delay.count()) / 1000},
                              {"error", why}});
        });
    }

    void bury(const Job& job, const std::string& why) {
        PgTransaction transaction(pg_);
        if (runner_.on_dead && job.starts <= runner_.options.starts_max + starts_of_on_dead) {
            runner_.on_dead(pg_, job, why);
        }
        runner_.table.dead(pg_, job, why);
        transaction.commit();
        runner_.counts.dead.fetch_add(1);
        runner_.log.error("a job is dead", {{"table", runner_.table.name()},
                                            {"job", job.id},
                                            {"attempts", job.attempts + 1},
                                            {"error", why}});
    }

    // What is in the way is mostly gone soon; what stays there is tried as rarely as any failure.
    std::optional<std::chrono::milliseconds> crowded_delay(const Job& job) {
        constexpr int soon = 5;
        if (job.attempts >= soon) {
            return std::nullopt;
        }
        return random_delay(5'000, 30'000);
    }

    std::chrono::milliseconds random_delay(int least_ms, int most_ms) {
        return std::chrono::milliseconds(
            std::uniform_int_distribution<int>(least_ms, most_ms)(random_));
    }

    void give_back(const Job& job, const PgError& error) {
        wait_for_postgres(error);
        settle(job, [&] {
            runner_.table.give_back(pg_, job, random_delay(1'000, 5'000));
            runner_.counts.given_back.fetch_add(1);
        });
    }

    // Until PostgreSQL takes it: a start without an end would count against the job.
    template <typename Settle>
    void settle(const Job& job, const Settle& settle_once) {
        while (true) {
            try {
                settle_once();
                return;
            } catch (const LeaseLost& lost) {
                note_lost(lost);
                return;
            } catch (const PgError& error) {
                if (!error.is_temporary()) {
                    leave(job, error);
                    return;
                }
                if (runner_.stop.requested()) {
                    return;  // the lease lapses by itself
                }
                wait_for_postgres(error);
            } catch (const std::exception& failure) {
                leave(job, failure);
                return;
            }
        }
    }

    // Its lease lapses, it is begun again, and in the end it is poison.
    void leave(const Job& job, const std::exception& failure) {
        runner_.log.error(
            "the end of a job cannot be written; it is begun again when its lease is over",
            {{"table", runner_.table.name()}, {"job", job.id}, {"error", failure.what()}});
    }

    void note_lost(const LeaseLost& lost) {
        runner_.counts.lease_lost.fetch_add(1);
        runner_.log.warn("another worker has this job by now; what was done to it is undone",
                         {{"error", lost.what()}});
    }

    void wait_for_postgres(const PgError& error) {
        if (backoff_.fresh()) {
            runner_.log.warn("PostgreSQL does not work on jobs; it is tried until it does",
                             {{"table", runner_.table.name()},
                              {"error", error.what()},
                              {"sqlstate", error.sqlstate()}});
        }
        runner_.stop.sleep_ms(backoff_.next_ms());
    }

    JobRunner::Impl& runner_;
    PgConnection pg_;
    Backoff backoff_{50, 5000};
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace

void work_on_jobs(JobRunner::Impl& runner) {
    JobThread(runner).run();
}

}  // namespace coupon
