#include "runtime/job_runner.hpp"

#include <thread>

#include "runtime/job_runner_state.hpp"
#include "runtime/job_thread.hpp"

namespace coupon {
namespace {

constexpr const char* session_sql =
    "SET synchronous_commit = on;"
    // Sooner than our own deadline, so that no abandoned statement holds locks.
    "SET statement_timeout = '25s';"
    // A row that somebody else keeps locked costs a thread no longer than this.
    "SET lock_timeout = '2s';"
    "SET idle_in_transaction_session_timeout = '25s'";

}  // namespace

void prepare_job_session(PgConnection& pg) {
    pg.execute_script(session_sql);
}

JobRunner::JobRunner(JobTable table, std::string database_url, JobRunnerOptions options,
                     Action action, OnDead on_dead, const StopSignal& stop, const Log& log)
    : impl_(std::make_unique<Impl>(std::move(table), std::move(database_url), options,
                                   std::move(action), std::move(on_dead), stop, log, counts_)) {}

JobRunner::~JobRunner() {
    for (auto& thread : impl_->threads) {
        if (thread.joinable()) {
            thread.join();
        }
    }
}

void JobRunner::start() {
    impl_->running = impl_->options.threads;
    impl_->loop.emplace("jobs of " + impl_->table.name());
    for (int i = 0; i < impl_->options.threads; ++i) {
        impl_->threads.emplace_back([this] {
            const WatchedLoop::Turns turns(*impl_->loop);
            work_on_jobs(*impl_);
            const std::lock_guard lock(impl_->running_mutex);
            --impl_->running;
            impl_->ended.notify_all();
        });
    }
}

bool JobRunner::join() {
    while (!impl_->stop.requested()) {
        impl_->stop.sleep_ms(60'000);
    }
    wake();
    {
        std::unique_lock lock(impl_->running_mutex);
        if (impl_->ended.wait_for(lock, impl_->options.grace,
                                  [this] { return impl_->running == 0; })) {
            return true;
        }
    }
    const auto given = impl_->leases.give_back_all();
    counts_.given_back.fetch_add(given);
    impl_->log.warn("jobs that outlasted the grace time are given back",
                    {{"table", impl_->table.name()}, {"jobs", static_cast<std::int64_t>(given)}});
    return false;
}

void JobRunner::wake() noexcept {
    {
        const std::lock_guard lock(impl_->wake_mutex);
        impl_->woken = true;
    }
    impl_->wake.notify_all();
}

const std::string& JobRunner::table_name() const noexcept {
    return impl_->table.name();
}

}  // namespace coupon
