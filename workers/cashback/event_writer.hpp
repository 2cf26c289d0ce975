// The rows of cashback_events and cashback_transitions, many at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cashback/transaction_row.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// New generations and changed ones of one status. The status is a parameter of its own, so that the
// column may be an enumeration of another program's.
class EventWriter {
  public:
    explicit EventWriter(EventStatus status) : status_(status) {}

    void open(const TransactionRow& row, std::int64_t generation, const EventFacts& facts);
    void change(std::int64_t event_id, const EventFacts& facts);
    // Throws PgError.
    void write(PgConnection& pg) const;

  private:
    struct Amounts {
        PgArray sale, commission, cashback, currency, share_ms;
        void add(const EventFacts& facts);
    };

    EventStatus status_;
    PgArray sources_, generations_, users_, offers_, clicks_, merchants_, names_;
    Amounts opened_;
    PgArray changed_ids_;
    Amounts changed_;
};

class TransitionWriter {
  public:
    // Without a generation it is the transaction's own. `from` is empty for the first.
    void add(std::int64_t source_id, std::optional<std::int64_t> generation, std::string_view from,
             std::string_view to, std::optional<std::int64_t> amount, std::string_view cause);
    // After the events. Throws PgError.
    void write(PgConnection& pg) const;

  private:
    PgArray sources_, generations_, from_, to_, amounts_, causes_;
};

}  // namespace coupon
