// Gives the rows that the back end inserted itself the idempotency keys they came without; only
// rows with a key are sent.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/envelope_table.hpp"
#include "runtime/log.hpp"
#include "runtime/patient_writer.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

class KeyGiver {
  public:
    // `told` is called after each batch. Throws ConfigError for a wrong URL.
    KeyGiver(const std::string& queue, const std::string& table, const std::string& database_url,
             std::function<void(const EnvelopeCounts& counts)> told, const StopSignal& stop,
             const Log& log);

    // Until a stop is requested.
    void run();

  private:
    // Whether there may be more.
    bool give();

    const std::function<void(const EnvelopeCounts&)> told_;
    const StopSignal& stop_;
    const Log& log_;
    PgConnection pg_;
    EnvelopeTable table_;
    PatientWriter writer_;
};

}  // namespace coupon
