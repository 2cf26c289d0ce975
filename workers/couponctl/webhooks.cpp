#include "couponctl/webhooks.hpp"

#include <nlohmann/json.hpp>

#include "core/hex.hpp"
#include "core/webhook/phonepe.hpp"
#include "couponctl/settings.hpp"
#include "operations/shallow_json.hpp"
#include "runtime/error.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 30'000;
constexpr std::size_t shown_bytes_max = 8 << 20;

constexpr const char* list_sql =
    "SELECT to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), id::text, provider,"
    " COALESCE(event, '-'), status, COALESCE(outcome, '-'),"
    " COALESCE(outcome_reason, last_error, reason, '') FROM webhook_logs";

constexpr const char* show_sql =
    "SELECT name, value FROM webhook_logs, LATERAL (VALUES"
    " ('id', id::text), ('received', received_at::text), ('provider', provider),"
    " ('location', location), ('remote', remote), ('method', method), ('query', query),"
    " ('verdict', verdict), ('trust', trust), ('reason', reason), ('event', event),"
    " ('status', status), ('outcome', outcome), ('outcome reason', outcome_reason),"
    " ('attempts', attempts::text), ('scheduled', scheduled_at::text),"
    " ('finished', finished_at::text), ('latency ms', latency_ms::text),"
    " ('last error', last_error), ('correlation id', correlation_id), ('edge', edge),"
    " ('segment', segment::text), ('seq', seq::text), ('body sha256', encode(body_sha256, 'hex')),"
    " ('raw', raw)) AS facts(name, value) WHERE id = $1::uuid AND value IS NOT NULL";

constexpr const char* texts_sql =
    "SELECT headers::text, fields::text, encode(body, 'hex'), provider FROM webhook_logs"
    " WHERE id = $1::uuid";

void show_members(const char* title, std::string_view json, std::ostream& out) {
    const auto object = nlohmann::json::parse(json, nullptr, false);
    if (!object.is_object() || object.empty()) {
        return;
    }
    out << title << ":\n";
    for (const auto& [name, value] : object.items()) {
        out << "  " << storable_text(name) << ": "
            << storable_text(value.is_string() ? value.get<std::string>() : value.dump()) << '\n';
    }
}

// Indented where it is JSON. Control characters would act on the operator's terminal.
std::string readable(const std::string& body) {
    const auto json = read_json(body);
    return storable_text(json ? json->dump(2) : body, shown_bytes_max);
}

}  // namespace

void list_webhooks(const WebhookFilter& filter, std::ostream& out) {
    auto pg = configured_postgres(deadline_ms);
    auto values = webhook_filter_values(filter);
    values.emplace_back(std::to_string(filter.limit));
    const auto sql = std::string(list_sql) + webhook_filter_sql +
                     " ORDER BY received_at DESC, id DESC LIMIT $7::bigint";
    const auto rows = pg.execute(sql.c_str(), values);
    for (int row = 0; row < rows.rows(); ++row) {
        for (int column = 0; column < 7; ++column) {
            out << (column == 0 ? "" : "  ") << storable_text(rows.text(row, column));
        }
        out << '\n';
    }
}

void show_webhook(const std::string& id, std::ostream& out) {
    WebhookFilter one;
    one.id = id;
    webhook_filter_values(one);  // the id's form
    auto pg = configured_postgres(deadline_ms);
    const auto facts = pg.execute(show_sql, {id});
    if (facts.rows() == 0) {
        throw CommandError("webhooks show: there is no webhook " + id);
    }
    for (int row = 0; row < facts.rows(); ++row) {
        out << facts.text(row, 0) << ": " << storable_text(facts.text(row, 1)) << '\n';
    }
    const auto texts = pg.execute(texts_sql, {id});
    show_members("headers", texts.text(0, 0), out);
    show_members("fields", texts.text(0, 1), out);
    if (texts.is_null(0, 2)) {
        out << "body: not kept\n";
        return;
    }
    const auto body = hex_decode(texts.text(0, 2)).value_or("");
    out << "body (" << body.size() << " bytes):\n" << readable(body) << '\n';
    if (const auto payload = phonepe_v1_payload(body); payload && texts.text(0, 3) == "phonepe") {
        out << "its response:\n" << readable(*payload) << '\n';
    }
}

}  // namespace coupon
