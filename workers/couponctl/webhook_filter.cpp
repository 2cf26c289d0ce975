#include "couponctl/webhook_filter.hpp"

#include <algorithm>

#include "core/uuid.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

// "90m" as PostgreSQL reads an interval; every other text is a point in time.
std::string interval_of(const std::string& text) {
    const auto digits = text.substr(0, text.size() - 1);
    if (digits.empty() || digits.size() > 6 ||
        !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return {};
    }
    switch (text.back()) {
        case 's':
            return digits + " seconds";
        case 'm':
            return digits + " minutes";
        case 'h':
            return digits + " hours";
        case 'd':
            return digits + " days";
        default:
            return {};
    }
}

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
    const auto interval = filter.since.empty() ? std::string() : interval_of(filter.since);
    return {
        unless_empty(filter.id),     unless_empty(filter.provider),
        unless_empty(filter.status), unless_empty(filter.outcome),
        unless_empty(interval),      interval.empty() ? unless_empty(filter.since) : PgParameter()};
}

}  // namespace coupon
