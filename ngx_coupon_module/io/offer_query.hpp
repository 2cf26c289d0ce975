// Reads offers joined with their merchants, and turns rows into catalogue entries. All SQL about
// offers on the edge stands in offer_query.cpp.
#pragma once

#include "core/uuid.hpp"
#include "io/pg_connection.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace coupon {

// A row as the catalogue sees it.
struct OfferRow {
    int64_t offer_id = 0;
    Uuid uuid;
    std::string entry;    // bytes for CatalogZone::put; empty: the offer stays out
    std::string reason;   // why it stays out, one lower-case clause; empty otherwise
    bool broken = false;  // it stays out because its destination breaks a rule
};

struct Statement {
    const char* sql;
    PgConnection::Parameters parameters;
};

// Live offers with an id above `after`, in order of id.
Statement live_offers_page(int64_t after, int limit);

// All offers of a merchant, live or not, with an id above `after`, in order of id.
Statement merchant_offers_page(int64_t merchant_id, int64_t after, int limit);

// Offers by bigint id or by public id, live or not; those that do not exist have no row.
Statement offers_by_id(std::span<const int64_t> ids);
Statement offers_by_uuid(std::span<const Uuid> uuids);

// Nothing for a row without a readable uuid. Throws only std::bad_alloc.
std::optional<OfferRow> read_offer(const PgResult& result, int row);

}  // namespace coupon
