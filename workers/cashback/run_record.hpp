// The row of network_runs that tells of one run, and the cursor that the run moves at its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cashback/networks/network.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

enum class RunCause : std::uint8_t { schedule, daily, demand, postback };

// "schedule", …, as in network_runs.cause.
std::string run_cause_word(RunCause cause);

struct RunProgress {
    std::int64_t pages = 0, seen = 0, changed = 0, put_aside = 0;
};

class RunRecord {
  public:
    // Begins it. The caller has the network's lock, so a run that is still open died with its
    // process; that is written as well. Throws PgError, as all do.
    RunRecord(PgConnection& pg, std::string network, RunCause cause,
              const std::optional<NetworkWindow>& window);

    [[nodiscard]] const std::string& id() const noexcept { return id_; }

    void save(const RunProgress& progress);
    // Everything that changed before `read_until_ms` (Unix time) is stored; nothing: the cursor
    // stays. It never moves back.
    void done(const RunProgress& progress, std::optional<std::int64_t> read_until_ms);
    void stopped(const RunProgress& progress);
    // `after`: when the network wants to be asked again; without it, by the rules for jobs. Never
    // later than `at_most`.
    void failed(const RunProgress& progress, const std::string& why,
                std::optional<std::chrono::milliseconds> after, std::chrono::milliseconds at_most);

  private:
    PgConnection& pg_;
    const std::string network_;
    std::string id_;
    int failures_ = 0;  // of scheduled runs in a row before this one
};

}  // namespace coupon
