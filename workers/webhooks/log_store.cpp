#include "webhooks/log_store.hpp"

#include <openssl/evp.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/pg_transaction.hpp"
#include "runtime/settlement.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

// Larger than any record of a journal: what an entry says is in no other place by now.
constexpr std::size_t raw_bytes_max = 16 << 20;

// In the order of the ids, as every writer takes its locks.
constexpr const char* insert_sql =
    "INSERT INTO webhook_logs (id, received_at, provider, location, remote, method, query, headers,"
    "  fields, body, body_sha256, verdict, trust, reason, edge, segment, seq, correlation_id, status,"
    "  outcome, last_error, raw, finished_at)"
    " SELECT id, COALESCE(to_timestamp(ts / 1000.0), now()), provider, location, remote, method,"
    "  query, headers, fields, body, sha256, verdict, trust, reason, edge, segment, seq,"
    "  correlation_id, status, outcome, error, raw,"
    "  CASE WHEN status <> 'pending' THEN now() END"
    "  FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],"
    "   $7::text[], $8::jsonb[], $9::jsonb[], $10::bytea[], $11::bytea[], $12::text[], $13::text[],"
    "   $14::text[], $15::text[], $16::uuid[], $17::bigint[], $18::text[], $19::text[], $20::text[],"
    "   $21::text[], $22::text[])"
    "  AS entry (id, ts, provider, location, remote, method, query, headers, fields, body, sha256,"
    "   verdict, trust, reason, edge, segment, seq, correlation_id, status, outcome, error, raw)"
    "  ORDER BY id"
    " ON CONFLICT DO NOTHING RETURNING id::text";

constexpr const char* conflicts_sql =
    "SELECT entry.number FROM unnest($1::uuid[], $2::uuid[], $3::bigint[])"
    "  WITH ORDINALITY AS entry (id, segment, seq, number) JOIN webhook_logs AS known USING (id)"
    " WHERE entry.segment IS NOT NULL"
    "  AND (known.segment, known.seq) IS DISTINCT FROM (entry.segment, entry.seq)"
    " ORDER BY entry.number";

using Texts = std::vector<std::pair<std::string, std::string>>;

// A name that comes again adds its value to the first, as HTTP has it.
std::string json_object(const Texts& texts) {
    auto object = nlohmann::json::object();
    for (const auto& [name, value] : texts) {
        auto& member = object[name];
        member = member.is_null() ? value : member.get<std::string>() + ", " + value;
    }
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string bytea(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text = "\\x";
    text.reserve(2 + bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

std::string sha256(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

void add_optional(PgArray& array, const std::string& text) {
    text.empty() ? array.add_null() : array.add(text);
}

bool is_refused(const WebhookRow& row) {
    return row.error.empty() && row.webhook.verdict != "accepted";
}

// The columns of insert_sql.
class Columns {
  public:
    void add(const WebhookRow& row, const Uuid& id, std::string_view entry) {
        const auto& webhook = row.webhook;
        const bool failed = !row.error.empty();
        const bool refused = is_refused(row);
        columns_[0].add(to_string(id));
        failed ? columns_[1].add_null() : columns_[1].add(static_cast<std::int64_t>(webhook.ts_ms));
        columns_[2].add(webhook.provider.empty() ? "unknown" : webhook.provider);
        add_optional(columns_[3], webhook.location);
        add_optional(columns_[4], webhook.remote);
        add_optional(columns_[5], webhook.method);
        add_optional(columns_[6], webhook.query);
        columns_[7].add(json_object(webhook.headers));
        columns_[8].add(json_object(webhook.fields));
        if (failed || refused) {
            columns_[9].add_null();
            columns_[10].add_null();
        } else {
            columns_[9].add(bytea(webhook.body));
            columns_[10].add(bytea(sha256(webhook.body)));
        }
        columns_[11].add(failed ? "unreadable" : webhook.verdict);
        add_optional(columns_[12], webhook.trust);
        add_optional(columns_[13], webhook.reason);
        add_optional(columns_[14], webhook.edge);
        row.place ? columns_[15].add(to_string(row.place->segment)) : columns_[15].add_null();
        row.place ? columns_[16].add(static_cast<std::int64_t>(row.place->seq))
                  : columns_[16].add_null();
        add_optional(columns_[17], webhook.request_id);
        columns_[18].add(failed ? "failed" : refused ? "completed" : "pending");
        add_optional(columns_[19], refused ? "refused" : "");
        add_optional(columns_[20], row.error);
        failed ? columns_[21].add(storable_text(entry, raw_bytes_max)) : columns_[21].add_null();
    }

    [[nodiscard]] std::vector<PgParameter> parameters() const {
        std::vector<PgParameter> parameters;
        for (const auto& column : columns_) {
            parameters.emplace_back(column.literal());
        }
        return parameters;
    }

  private:
    std::array<PgArray, 22> columns_;
};

}  // namespace

IntakeCounts& IntakeCounts::operator+=(const IntakeCounts& other) {
    accepted += other.accepted;
    refused += other.refused;
    failed += other.failed;
    duplicates += other.duplicates;
    conflicts += other.conflicts;
    return *this;
}

IntakeCounts LogStore::store(const LogBatch& batch, std::size_t first, std::size_t last) {
    IntakeCounts counts;
    Settlement settlement("webhooks");
    std::vector<std::size_t> rows;
    for (std::size_t i = first; i < last; ++i) {
        rows.push_back(i);
        settlement.add(batch.rows()[i].place, batch.rows()[i].webhook.edge);
    }
    const auto count = [&](std::size_t index) {
        const auto& row = batch.rows()[index];
        ++(!row.error.empty() ? counts.failed : is_refused(row) ? counts.refused : counts.accepted);
    };

    PgTransaction transaction(pg_);
    const auto stored = insert(batch, rows, false);
    std::vector<std::size_t> known;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        stored[i] ? count(rows[i]) : known.push_back(rows[i]);
    }
    counts.duplicates = known.size();
    if (!known.empty()) {
        const auto conflicts = find_conflicts(batch, known);
        const auto stored_anew = insert(batch, conflicts, true);
        for (std::size_t i = 0; i < conflicts.size(); ++i) {
            if (stored_anew[i]) {
                count(conflicts[i]);
                ++counts.conflicts;
                --counts.duplicates;
            }
        }
    }
    settlement.write(pg_);
    transaction.commit();
    if (counts.conflicts > 0) {
        log_.error(
            "webhook ids came from two places in the journals; they are stored under fresh ids",
            {{"webhooks", static_cast<std::int64_t>(counts.conflicts)}});
    }
    return counts;
}

std::vector<bool> LogStore::insert(const LogBatch& batch, const std::vector<std::size_t>& rows,
                                   bool fresh_ids) {
    std::vector<bool> stored(rows.size(), false);
    if (rows.empty()) {
        return stored;
    }
    Columns columns;
    std::map<std::string, std::size_t> by_id;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& row = batch.rows()[rows[i]];
        const auto entry = batch.entry(rows[i]);
        const auto id = fresh_ids ? id_of_entry(row.place, entry) : row.id;
        columns.add(row, id, entry);
        by_id.emplace(to_string(id), i);
    }
    const auto made = pg_.execute(insert_sql, columns.parameters());
    for (int i = 0; i < made.rows(); ++i) {
        if (const auto place = by_id.find(std::string(made.text(i, 0))); place != by_id.end()) {
            stored[place->second] = true;
        }
    }
    return stored;
}

std::vector<std::size_t> LogStore::find_conflicts(const LogBatch& batch,
                                                  const std::vector<std::size_t>& rows) {
    PgArray ids;
    PgArray segments;
    PgArray seqs;
    for (const auto index : rows) {
        const auto& row = batch.rows()[index];
        ids.add(to_string(row.id));
        row.place ? segments.add(to_string(row.place->segment)) : segments.add_null();
        row.place ? seqs.add(static_cast<std::int64_t>(row.place->seq)) : seqs.add_null();
    }
    const auto found =
        pg_.execute(conflicts_sql, {ids.literal(), segments.literal(), seqs.literal()});
    std::vector<std::size_t> conflicts;
    for (int i = 0; i < found.rows(); ++i) {
        conflicts.push_back(rows[static_cast<std::size_t>(found.number(i, 0)) - 1]);
    }
    return conflicts;
}

}  // namespace coupon
