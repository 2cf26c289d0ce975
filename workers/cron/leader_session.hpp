// Who leads: the worker whose session has the lock. PostgreSQL ends a session from which it has not
// heard for some seconds, so that a worker that is stopped, cut off or gone does not lead for long.
#pragma once

#include <atomic>
#include <string>

#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

class LeaderSession {
  public:
    // Throws ConfigError for a wrong URL.
    explicit LeaderSession(const std::string& database_url);

    // Whether the lock is ours; takes it where nobody has it. To be called each second, or it is
    // lost. Throws PgError where PostgreSQL is away; somebody else may have it then.
    bool hold();

    // By the last hold(). Safe for other threads.
    [[nodiscard]] bool held() const noexcept { return held_.load(); }

    // Runs nothing once the lock is lost, until hold() has it again: the session is not opened anew
    // behind the leader's back.
    [[nodiscard]] PgConnection& pg() noexcept { return pg_; }

    void let_go() noexcept;

  private:
    PgConnection pg_;
    std::atomic<bool> held_{false};
};

}  // namespace coupon
