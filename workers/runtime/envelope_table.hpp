// The job table of a queue, as far as intake writes it: rows of envelopes, and keys for rows that
// came without one. The back end may have made the table, so its ids are uuids or numbers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/envelope.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// What was claimed of a queue, one entry: its envelope, and its text, which must outlive it.
struct EnvelopeEntry {
    std::string_view text;
    Envelope envelope;
};

struct EnvelopeCounts {
    std::size_t accepted = 0;    // rows to work on
    std::size_t failed = 0;      // rows nobody can work on
    std::size_t duplicates = 0;  // were there already

    EnvelopeCounts& operator+=(const EnvelopeCounts& other);
};

class EnvelopeTable {
  public:
    // `queue` without "queue:"; `table` is a constant. Neither is sent as a parameter. A table without
    // recipients has a column `network` instead, and uuids; only store() is for it.
    EnvelopeTable(PgConnection& pg, std::string queue, std::string table, bool recipients = true);

    // Stores the entries [first, last), once: what is there already is left alone, so the call may
    // be repeated after any failure. Throws PgError.
    EnvelopeCounts store(const std::vector<EnvelopeEntry>& entries, std::size_t first,
                         std::size_t last);

    // Pending rows without an idempotency key, the oldest first. Throws PgError.
    std::vector<std::string> without_key(int max);
    // Gives keys to those of them that still have none: the first of each key is left to be sent,
    // the others are completed as duplicates. Throws PgError.
    EnvelopeCounts give_keys(const std::vector<std::string>& ids);
    // A row that cannot have one. Throws PgError.
    void fail(const std::string& id, const std::string& why);

  private:
    // Asks for the type of the ids, once.
    void look_at_table();
    int insert(const std::vector<PgParameter>& columns, bool apart, EnvelopeCounts& counts);

    PgConnection& pg_;
    const std::string queue_, table_;
    const bool recipients_;
    std::string id_type_;  // uuid, bigint, …; empty before the first look
    std::string insert_sql_, insert_apart_sql_, without_key_sql_, give_keys_sql_, fail_sql_;
};

}  // namespace coupon
