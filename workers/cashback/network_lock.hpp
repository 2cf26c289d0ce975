// One run at a time per network, across all hosts: a lock of the session, which PostgreSQL takes
// back when the session ends, however it ends.
#pragma once

#include <string>

#include "runtime/pg_connection.hpp"

namespace coupon {

class NetworkLock {
  public:
    // Throws PgError.
    NetworkLock(PgConnection& pg, const std::string& network);
    ~NetworkLock();
    NetworkLock(const NetworkLock&) = delete;
    NetworkLock& operator=(const NetworkLock&) = delete;

    // False: somebody else has it.
    [[nodiscard]] bool held() const noexcept { return !session_.empty(); }

    // Throws PgError when this is another session by now, which does not have the lock. Inside the
    // transaction that relies on it.
    void check() const;

  private:
    PgConnection& pg_;
    const std::string network_;
    std::string session_;
};

}  // namespace coupon
