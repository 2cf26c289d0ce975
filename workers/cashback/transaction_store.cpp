#include "cashback/transaction_store.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

namespace coupon {
namespace {

// What an effect depends on: a change of any of it is a new version.
constexpr std::array<std::string_view, 8> counting{
    "state", "status", "commission", "sale", "currency", "subid", "order_ref", "occurred_at"};

// A record that declines may lack these, and they stay what they were then.
constexpr std::array<std::string_view, 5> kept_when_rejected{"commission", "sale", "currency",
                                                             "occurred_at", "network_updated_at"};

std::string known(std::string_view column) {
    return "t." + std::string(column);
}

// What the column is to be, where the record can be used.
std::string told(std::string_view column) {
    const auto given = "excluded." + std::string(column);
    const bool is_kept = std::find(kept_when_rejected.begin(), kept_when_rejected.end(), column) !=
                         kept_when_rejected.end();
    return is_kept ? "CASE WHEN excluded.state = 'rejected' THEN COALESCE(" + given + ", " +
                         known(column) + ") ELSE " + given + " END"
                   : given;
}

std::string joined(std::string (*value)(std::string_view)) {
    std::string list;
    for (const auto column : counting) {
        list.append(list.empty() ? "" : ", ").append(value(column));
    }
    return list;
}

// A record that cannot be used leaves what was known of its transaction as it is.
std::string where_usable(std::string_view column) {
    return std::string(column) + " = CASE WHEN excluded.problem IS NULL THEN " + told(column) +
           " ELSE " + known(column) + " END, ";
}

// A record with a problem has no effect, so it is processed as it comes. A transaction that is the
// same as ever is only written about twice a day: most of a window is.
std::string make_store_sql() {
    const std::string changed = "(excluded.problem IS NULL AND (" + joined(known) +
                                ", t.problem) IS DISTINCT FROM (" + joined(told) +
                                ", excluded.problem))";
    std::string sql =
        "INSERT INTO affiliate_transactions AS t (network, run_id, transaction_id, subid,"
        "  order_ref, merchant_ref, status, state, commission, sale, currency, occurred_at,"
        "  network_updated_at, raw, problem, processed)"
        " SELECT $1, $2::bigint, id, NULLIF(subid, ''), NULLIF(order_ref, ''),"
        "  NULLIF(merchant_ref, ''), NULLIF(status, ''), state, commission, sale,"
        "  NULLIF(currency, ''), to_timestamp(occurred / 1000.0), to_timestamp(updated / 1000.0),"
        "  raw, problem, CASE WHEN problem IS NULL THEN 0 ELSE 1 END"
        " FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],"
        "   $9::numeric(14,2)[], $10::numeric(14,2)[], $11::text[], $12::bigint[], $13::bigint[],"
        "   $14::jsonb[], $15::text[])"
        "  AS given (id, subid, order_ref, merchant_ref, status, state, commission, sale, currency,"
        "   occurred, updated, raw, problem)"
        // In one order, as every writer takes its locks.
        " ORDER BY id"
        " ON CONFLICT (network, transaction_id) DO UPDATE SET ";
    for (const auto column : counting) {
        sql += where_usable(column);
    }
    sql += where_usable("merchant_ref") + where_usable("network_updated_at") + where_usable("raw");
    return sql +
           "problem = excluded.problem, last_seen_at = now(),"
           " version = t.version + CASE WHEN " +
           changed +
           " THEN 1 ELSE 0 END,"
           " run_id = CASE WHEN " +
           changed +
           " THEN excluded.run_id ELSE t.run_id END,"
           " changed_at = CASE WHEN " +
           changed +
           " THEN now() ELSE t.changed_at END"
           " WHERE NOT COALESCE(excluded.network_updated_at < t.network_updated_at, false) AND (" +
           changed +
           " OR t.problem IS DISTINCT FROM excluded.problem"
           " OR excluded.problem IS NULL AND t.raw IS DISTINCT FROM excluded.raw"
           " OR t.last_seen_at < now() - interval '12 hours')"
           " RETURNING problem IS NULL AND changed_at = now()";
}

// The columns of the statement, from $3 on.
class Columns {
  public:
    void add(const NetworkTransaction& transaction) {
        auto* column = columns_.data();
        for (const auto* text : {&transaction.id, &transaction.subid, &transaction.order_ref,
                                 &transaction.merchant_ref, &transaction.status}) {
            (column++)->add(*text);
        }
        (column++)->add(state_word(transaction.state));
        add_optional(*column++, transaction.commission);
        add_optional(*column++, transaction.sale);
        (column++)->add(transaction.currency);
        add_optional(*column++, transaction.occurred_ms);
        add_optional(*column++, transaction.updated_ms);
        add_unless_empty(*column++, transaction.raw);
        add_unless_empty(*column++, transaction.problem);
    }

    void append_to(std::vector<PgParameter>& parameters) const {
        for (const auto& column : columns_) {
            parameters.emplace_back(column.literal());
        }
    }

  private:
    template <typename Value>
    static void add_optional(PgArray& array, const std::optional<Value>& value) {
        value ? array.add(*value) : array.add_null();
    }

    static void add_unless_empty(PgArray& array, const std::string& text) {
        text.empty() ? array.add_null() : array.add(text);
    }

    std::array<PgArray, 13> columns_;
};

}  // namespace

StoreCounts store_transactions(PgConnection& pg, const std::string& network, std::int64_t run_id,
                               const std::vector<NetworkTransaction>& transactions) {
    static const std::string sql = make_store_sql();
    StoreCounts counts;
    std::unordered_map<std::string_view, std::size_t> last;
    for (std::size_t i = 0; i < transactions.size(); ++i) {
        ++counts.seen;
        counts.put_aside += transactions[i].problem.empty() ? 0 : 1;
        if (!transactions[i].id.empty()) {
            last[transactions[i].id] = i;
        }
    }
    if (last.empty()) {
        return counts;
    }
    Columns columns;
    for (const auto& [id, i] : last) {
        columns.add(transactions[i]);
    }
    std::vector<PgParameter> parameters{network, std::to_string(run_id)};
    columns.append_to(parameters);
    const auto rows = pg.execute(sql.c_str(), parameters);
    for (int row = 0; row < rows.rows(); ++row) {
        counts.changed += rows.text(row, 0) == "t" ? 1 : 0;
    }
    return counts;
}

}  // namespace coupon
