// One call about an order at a time, whichever worker makes it: a call that stalls must not arrive
// after the one that followed it.
#pragma once

#include <string>

#include "runtime/pg_connection.hpp"

namespace coupon {

class OrderLock {
  public:
    // Held by the session, since the call is made outside of any transaction: it ends with this
    // object, or with the connection. Throws PgError.
    OrderLock(PgConnection& pg, std::string order);
    ~OrderLock();

    OrderLock(const OrderLock&) = delete;
    OrderLock& operator=(const OrderLock&) = delete;

    // False: somebody else has it.
    [[nodiscard]] bool held() const noexcept { return held_; }

  private:
    PgConnection& pg_;
    const std::string order_;
    bool held_ = false;
};

}  // namespace coupon
