#include "runtime/envelope_table.hpp"

#include <array>

#include "core/uuid.hpp"
#include "runtime/envelope_sql.hpp"
#include "runtime/journal_place.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

// Larger than any entry that is understood; what is cut off nobody could have used.
constexpr std::size_t raw_bytes_max = 4 << 20;

constexpr const char* id_type_sql =
    "SELECT format_type(atttypid, NULL) FROM pg_attribute"
    " WHERE attrelid = to_regclass($1) AND attname = 'id' AND NOT attisdropped";

// The columns of envelope_insert_sql.
class Columns {
  public:
    explicit Columns(const std::string& queue) : queue_(queue) {}

    void add(const EnvelopeEntry& entry) {
        entry.envelope.error.empty() ? add_readable(entry.envelope) : add_unreadable(entry);
    }

    // The queue's name is for the messages' timelines.
    [[nodiscard]] std::vector<PgParameter> parameters(bool with_queue) const {
        std::vector<PgParameter> parameters;
        for (const auto& column : columns_) {
            parameters.emplace_back(column.literal());
        }
        if (with_queue) {
            parameters.emplace_back(queue_);
        }
        return parameters;
    }

  private:
    void add_readable(const Envelope& envelope) {
        columns_[0].add(envelope_uuid(queue_, envelope.id));
        columns_[1].add(envelope.id);
        columns_[2].add(envelope.type);
        columns_[3].add(envelope.to);
        columns_[4].add(envelope.data);
        envelope.idempotency_key ? columns_[5].add(*envelope.idempotency_key)
                                 : columns_[5].add_null();
        columns_[6].add(static_cast<std::int64_t>(envelope.attempts));
        columns_[7].add(envelope.correlation_id);
        add(columns_[8], envelope.enqueued_ms);
        add(columns_[9], envelope.scheduled_ms);
        columns_[10].add_null();
        columns_[11].add_null();
    }

    // Its identity is its text: the same id in an entry that can be read is another job.
    void add_unreadable(const EnvelopeEntry& entry) {
        const auto& envelope = entry.envelope;
        const auto id = to_string(id_of_entry(std::nullopt, entry.text));
        columns_[0].add(id);
        columns_[1].add(id);
        columns_[2].add(envelope.type.empty() ? "unknown" : storable_text(envelope.type));
        columns_[3].add("");
        columns_[4].add("{}");
        columns_[5].add("unreadable:" + id);
        columns_[6].add(std::int64_t{0});
        columns_[7].add(storable_text(envelope.correlation_id));
        columns_[8].add_null();
        columns_[9].add_null();
        columns_[10].add(storable_text(envelope.error));
        columns_[11].add(storable_text(entry.text, raw_bytes_max));
    }

    static void add(PgArray& array, const std::optional<std::int64_t>& number) {
        number ? array.add(*number) : array.add_null();
    }

    const std::string& queue_;
    std::array<PgArray, 12> columns_;
};

}  // namespace

EnvelopeCounts& EnvelopeCounts::operator+=(const EnvelopeCounts& other) {
    accepted += other.accepted;
    failed += other.failed;
    duplicates += other.duplicates;
    return *this;
}

EnvelopeTable::EnvelopeTable(PgConnection& pg, std::string queue, std::string table,
                             bool recipients)
    : pg_(pg), queue_(std::move(queue)), table_(std::move(table)), recipients_(recipients) {}

EnvelopeCounts EnvelopeTable::store(const std::vector<EnvelopeEntry>& entries, std::size_t first,
                                    std::size_t last) {
    look_at_table();
    Columns columns(queue_);
    for (std::size_t i = first; i < last; ++i) {
        columns.add(entries[i]);
    }
    const auto parameters = columns.parameters(recipients_);
    EnvelopeCounts counts;
    PgTransaction transaction(pg_);
    const auto known = static_cast<int>(last - first) - insert(parameters, false, counts);
    if (known > 0) {
        const int apart = recipients_ ? insert(parameters, true, counts) : 0;
        counts.duplicates = static_cast<std::size_t>(known - apart);
    }
    transaction.commit();
    return counts;
}

int EnvelopeTable::insert(const std::vector<PgParameter>& columns, bool apart,
                          EnvelopeCounts& counts) {
    const auto made = pg_.execute((apart ? insert_apart_sql_ : insert_sql_).c_str(), columns);
    for (int row = 0; row < made.rows(); ++row) {
        ++(made.text(row, 0) == "t" ? counts.failed : counts.accepted);
    }
    return made.rows();
}

std::vector<std::string> EnvelopeTable::without_key(int max) {
    look_at_table();
    const auto rows = pg_.execute(without_key_sql_.c_str(), {std::to_string(max)});
    std::vector<std::string> ids;
    for (int row = 0; row < rows.rows(); ++row) {
        ids.emplace_back(rows.text(row, 0));
    }
    return ids;
}

EnvelopeCounts EnvelopeTable::give_keys(const std::vector<std::string>& ids) {
    PgArray array;
    for (const auto& id : ids) {
        array.add(id);
    }
    const auto rows = pg_.execute(give_keys_sql_.c_str(), {array.literal(), queue_});
    EnvelopeCounts counts;
    for (int row = 0; row < rows.rows(); ++row) {
        const auto status = rows.text(row, 0);
        ++(status == "pending"  ? counts.accepted
           : status == "failed" ? counts.failed
                                : counts.duplicates);
    }
    return counts;
}

void EnvelopeTable::fail(const std::string& id, const std::string& why) {
    pg_.execute(fail_sql_.c_str(), {id, storable_text(why), queue_});
}

void EnvelopeTable::look_at_table() {
    if (!id_type_.empty()) {
        return;
    }
    const auto rows = pg_.execute(id_type_sql, {table_});
    if (rows.rows() == 0) {
        throw PgError("the table " + table_ + " is missing", "42P01");
    }
    id_type_ = rows.text(0, 0);
    if (!recipients_) {
        insert_sql_ = job_insert_sql(table_);
        return;
    }
    insert_sql_ = envelope_insert_sql(table_, id_type_, false);
    insert_apart_sql_ = envelope_insert_sql(table_, id_type_, true);
    without_key_sql_ = rows_without_key_sql(table_);
    give_keys_sql_ = give_keys_sql(table_, id_type_);
    fail_sql_ = fail_row_sql(table_, id_type_);
}

}  // namespace coupon
