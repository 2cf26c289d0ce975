// How long a finished webhook keeps its body and what else may be personal: WEBHOOK_BODY_DAYS after
// it was received, twice as long where it is a dead letter that may be replayed. The row itself
// stays, without them.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

// WEBHOOK_BODY_DAYS, or 30. Throws ConfigError unless it is a whole number from 1 to 3650.
int configured_body_days();

class BodyRetention {
  public:
    // Throws ConfigError for a wrong URL.
    BodyRetention(const std::string& database_url, int days, const StopSignal& stop,
                  const Log& log);

    // At once and every ten minutes, until a stop is requested. Throws nothing: what PostgreSQL does
    // not do is logged and tried again the next time.
    void run() noexcept;

  private:
    void purge();
    std::int64_t purge_status(const char* status, int days);

    const int days_;
    const StopSignal& stop_;
    const Log& log_;
    PgConnection pg_;
};

}  // namespace coupon
