#include "operations/webhook_filter.hpp"

#include <utility>

#include "core/uuid.hpp"
#include "operations/since.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

PgParameter unless_empty(const std::string& text) {
    return text.empty() ? PgParameter() : PgParameter(text);
}

}  // namespace

const char* const webhook_filter_sql =
    " WHERE ($1::uuid IS NULL OR id = $1::uuid) AND ($2::text IS NULL OR provider = $2)"
    " AND ($3::text IS NULL OR status = $3) AND ($4::text IS NULL OR outcome = $4)"
    " AND ($5::text IS NULL OR received_at >= now() - $5::interval)"
    " AND ($6::text IS NULL OR received_at >= $6::timestamptz)";

std::vector<PgParameter> webhook_filter_values(const WebhookFilter& filter) {
    if (!filter.id.empty() && !parse_uuid(filter.id)) {
        throw CommandError("webhooks: " + filter.id + " is not the id of a webhook");
    }
    auto since = parse_since(filter.since);
    return {unless_empty(filter.id),     unless_empty(filter.provider),
            unless_empty(filter.status), unless_empty(filter.outcome),
            std::move(since.interval),   std::move(since.time)};
}

}  // namespace coupon
