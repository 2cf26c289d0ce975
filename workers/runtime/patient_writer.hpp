// Gets transactions into PostgreSQL whatever happens: waits while PostgreSQL is away, and finds the
// one row of many that it will not take.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "runtime/backoff.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

class PatientWriter {
  public:
    PatientWriter(const StopSignal& stop, const Log& log) : stop_(stop), log_(log) {}

    enum class Outcome { stored, refused, stopped };

    // Runs `transaction` until it is in. Refused, with the reason in refusal(), when its data cannot
    // be stored and `may_be_refused`; stopped when a stop was requested while PostgreSQL did not take
    // it.
    Outcome attempt(const std::function<void()>& transaction, bool may_be_refused);

    // After [first, last) was refused as a whole: `store` takes ever smaller ranges of it, and
    // `refuse` the single rows that are refused alone. False when stopped.
    bool in_halves(std::size_t first, std::size_t last,
                   const std::function<void(std::size_t first, std::size_t last)>& store,
                   const std::function<void(std::size_t row, const std::string& why)>& refuse);

    [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }

  private:
    const StopSignal& stop_;
    const Log& log_;
    Backoff backoff_{50, 5000};
    std::string refusal_;
};

}  // namespace coupon
