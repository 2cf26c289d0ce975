#include "couponctl/suppressions.hpp"

#include <algorithm>

#include "core/webhook/ascii.hpp"
#include "couponctl/actor.hpp"
#include "couponctl/settings.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 30'000;

constexpr const char* list_sql =
    "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), channel,"
    " address, reason, COALESCE(provider, '-'), COALESCE(detail, '') FROM suppressions"
    " WHERE $1::text IS NULL OR (channel = $1 AND address = $2)"
    " ORDER BY created_at DESC, address LIMIT $3::int";
constexpr const char* add_sql =
    "INSERT INTO suppressions (channel, address, reason, detail) VALUES ($1, $2, 'manual', $3)"
    " ON CONFLICT DO NOTHING";
constexpr const char* remove_sql =
    "DELETE FROM suppressions WHERE channel = $1 AND address = $2"
    " AND ($3::text IS NULL OR reason = $3)";

struct Address {
    std::string channel, text;  // as the table has it
};

bool is_number(std::string_view text) {
    constexpr std::size_t digits_least = 7;
    constexpr std::size_t digits_most = 15;
    return text.size() > digits_least && text.size() <= digits_most + 1 && text[0] == '+' &&
           std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Address read_address(const std::string& text) {
    if (is_number(text)) {
        return {"sms", text};
    }
    const auto at = text.find('@');
    if (at == 0 || at == std::string::npos || at + 1 == text.size() ||
        std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' '; })) {
        throw CommandError(
            "suppressions: neither an e-mail address nor a number such as +919876543210");
    }
    return {"email", to_ascii_lower(text)};
}

void record(PgConnection& pg, const SuppressionOptions& options, const std::string& action,
            const Address& address) {
    record_action(pg, options.actor, action, "suppressions",
                  {{"channel", address.channel},
                   {"address", address.text},
                   {"reason", options.reason},
                   {"detail", options.detail}});
}

PgParameter unless_empty(const std::string& text) {
    return text.empty() ? PgParameter() : PgParameter(text);
}

}  // namespace

void list_suppressions(const SuppressionOptions& options, std::ostream& out) {
    const auto address = options.address.empty() ? Address{} : read_address(options.address);
    auto pg = configured_postgres(deadline_ms);
    const auto rows = pg.execute(
        list_sql, {unless_empty(address.channel), address.text, std::to_string(options.limit)});
    for (int row = 0; row < rows.rows(); ++row) {
        for (int column = 0; column < rows.columns(); ++column) {
            out << (column == 0 ? "" : "  ") << storable_text(rows.text(row, column));
        }
        out << '\n';
    }
}

void add_suppression(const SuppressionOptions& options, std::ostream& out) {
    const auto address = read_address(options.address);
    auto pg = configured_postgres(deadline_ms);
    PgTransaction transaction(pg);
    const bool added =
        pg.execute(add_sql, {address.channel, address.text, unless_empty(options.detail)})
            .affected() > 0;
    if (added) {
        record(pg, options, "suppressions.add", address);
    }
    transaction.commit();
    out << (added ? "nothing is sent to it any more\n" : "it was on the list already\n");
}

void remove_suppression(const SuppressionOptions& options, std::ostream& out) {
    const auto address = read_address(options.address);
    auto pg = configured_postgres(deadline_ms);
    PgTransaction transaction(pg);
    const auto removed =
        pg.execute(remove_sql, {address.channel, address.text, unless_empty(options.reason)})
            .affected();
    if (removed == 0) {
        throw CommandError("suppressions remove: it is not on the list");
    }
    record(pg, options, "suppressions.remove", address);
    transaction.commit();
    out << "removed " << removed << (removed == 1 ? " entry\n" : " entries\n");
}

}  // namespace coupon
