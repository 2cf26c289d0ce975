#include "runtime/leases_in_flight.hpp"

namespace coupon {
namespace {

constexpr int statement_deadline_ms = 10'000;

// A job whose row is locked is just being settled and needs no lease: it must not hold up others.
constexpr const char* session_sql =
    "SET synchronous_commit = off; SET lock_timeout = '500ms'; SET statement_timeout = '8s'";

}  // namespace

LeasesInFlight::LeasesInFlight(const JobTable& table, const std::string& database_url,
                               std::chrono::seconds lease, const Log& log)
    : table_(table),
      lease_(lease),
      log_(log),
      pg_(database_url, "coupon-worker leases", statement_deadline_ms,
          [](PgConnection& pg) { pg.execute_script(session_sql); }),
      thread_([this] { run(); }) {}

LeasesInFlight::~LeasesInFlight() {
    stop();
}

LeasesInFlight::Hold::Hold(LeasesInFlight& leases, const Job& job) : leases_(leases) {
    const std::lock_guard lock(leases_.mutex_);
    place_ = leases_.jobs_.insert(leases_.jobs_.end(), {job.id, job.lease_token, 0, 0, {}, {}});
}

LeasesInFlight::Hold::~Hold() {
    const std::lock_guard lock(leases_.mutex_);
    leases_.jobs_.erase(place_);
}

std::size_t LeasesInFlight::give_back_all() {
    stop();
    std::size_t given = 0;
    for (const auto& job : snapshot()) {
        try {
            table_.give_back(pg_, job);
            ++given;
        } catch (const std::exception& failure) {
            log_.warn("a job that still runs cannot be given back; its lease lapses by itself",
                      {{"table", table_.name()}, {"job", job.id}, {"error", failure.what()}});
        }
    }
    return given;
}

void LeasesInFlight::run() {
    std::unique_lock lock(mutex_);
    const auto every = std::chrono::milliseconds(lease_) / 3;
    while (!wake_.wait_for(lock, every, [this] { return stopping_; })) {
        lock.unlock();
        renew_all();
        lock.lock();
    }
}

std::vector<Job> LeasesInFlight::snapshot() {
    const std::lock_guard lock(mutex_);
    return {jobs_.begin(), jobs_.end()};
}

void LeasesInFlight::renew_all() {
    for (const auto& job : snapshot()) {
        try {
            table_.renew(pg_, job, lease_);
        } catch (const PgError& error) {
            if (error.sqlstate() != "55P03") {
                log_.debug("a lease cannot be renewed",
                           {{"table", table_.name()}, {"job", job.id}, {"error", error.what()}});
            }
        }
    }
}

void LeasesInFlight::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace coupon
