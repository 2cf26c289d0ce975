#include "io/offer_query.hpp"

#include "core/destination.hpp"
#include "core/offer_entry.hpp"

#include <utility>

namespace coupon {
namespace {

// An offer is live from the first whole second at or after starts_at up to the second of
// expires_at; both ends are kept in the entry, so that time alone changes nothing here. Allowed
// hosts come one a line, each line ended, so that a list of one empty host stays a list.
#define OFFER_COLUMNS                                                                             \
    "SELECT o.id, o.merchant_id, o.uuid, m.slug, o.affiliate_url, m.tracking_url_template,"       \
    " m.affiliate_id, m.subid_param,"                                                             \
    " CASE WHEN cardinality(m.allowed_hosts) > 0"                                                 \
    "  THEN array_to_string(m.allowed_hosts, chr(10), '') || chr(10) END,"                        \
    " CASE WHEN isfinite(o.starts_at) THEN ceil(extract(epoch FROM o.starts_at))::bigint END,"    \
    " CASE WHEN isfinite(o.expires_at) THEN floor(extract(epoch FROM o.expires_at))::bigint END," \
    " CASE WHEN o.deleted_at IS NOT NULL THEN 'the offer is deleted'"                             \
    "  WHEN o.is_verified IS NOT TRUE THEN 'the offer is not verified'"                           \
    "  WHEN o.is_active IS NOT TRUE THEN 'the offer is not active'"                               \
    "  WHEN m.is_active IS NOT TRUE THEN 'the merchant is not active'"                            \
    "  WHEN o.expires_at <= now() THEN 'the offer has expired'"                                   \
    "  WHEN o.starts_at = 'infinity' THEN 'the offer never starts' END"

#define OFFERS_AND_MERCHANTS " FROM offers o LEFT JOIN merchants m ON m.id = o.merchant_id"

enum Column {
    offer_id,
    merchant_id,
    uuid,
    slug,
    affiliate_url,
    tracking_url_template,
    affiliate_id,
    subid_param,
    allowed_hosts,
    starts_at,
    expires_at,
    out_reason,
};

constexpr const char* kLivePage = OFFER_COLUMNS
    " FROM offers o JOIN merchants m ON m.id = o.merchant_id"
    " WHERE o.id > $1::bigint AND o.deleted_at IS NULL AND o.is_verified AND o.is_active"
    " AND m.is_active AND (o.expires_at IS NULL OR o.expires_at > now())"
    " AND (o.starts_at IS NULL OR o.starts_at < 'infinity')"
    " ORDER BY o.id LIMIT $2::int";

constexpr const char* kMerchantPage = OFFER_COLUMNS OFFERS_AND_MERCHANTS
    " WHERE o.merchant_id = $1::bigint AND o.id > $2::bigint ORDER BY o.id LIMIT $3::int";

constexpr const char* kById = OFFER_COLUMNS OFFERS_AND_MERCHANTS " WHERE o.id = ANY ($1::bigint[])";

constexpr const char* kByUuid =
    OFFER_COLUMNS OFFERS_AND_MERCHANTS " WHERE o.uuid = ANY ($1::uuid[])";

#undef OFFER_COLUMNS
#undef OFFERS_AND_MERCHANTS

template <class Items, class ToText>
std::string array_text(const Items& items, ToText to_text) {
    std::string text = "{";
    for (const auto& item : items) {
        text += (text.size() > 1 ? "," : "") + to_text(item);
    }
    return text + "}";
}

OfferSource source_of(const PgResult& result, int row, const Uuid& public_id) {
    const auto text = [&](Column column) { return std::string(result.text(row, column)); };
    OfferSource source;
    source.offer_id = result.integer(row, offer_id);
    source.merchant_id = result.integer(row, merchant_id);
    source.uuid = public_id;
    source.merchant_slug = text(slug);
    source.affiliate_url = text(affiliate_url);
    source.tracking_url_template = text(tracking_url_template);
    source.affiliate_id = text(affiliate_id);
    source.subid_param = text(subid_param);
    for (auto rest = result.text(row, allowed_hosts); !rest.empty();) {
        const size_t end = rest.find('\n');
        source.allowed_hosts.emplace_back(rest.substr(0, end));
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    }
    source.starts_at = result.integer(row, starts_at, INT64_MIN);
    source.expires_at = result.integer(row, expires_at, INT64_MAX);
    return source;
}

}  // namespace

Statement live_offers_page(int64_t after, int limit) {
    return {kLivePage, {std::to_string(after), std::to_string(limit)}};
}

Statement merchant_offers_page(int64_t merchant_id, int64_t after, int limit) {
    return {kMerchantPage,
            {std::to_string(merchant_id), std::to_string(after), std::to_string(limit)}};
}

Statement offers_by_id(std::span<const int64_t> ids) {
    return {kById, {array_text(ids, [](int64_t id) { return std::to_string(id); })}};
}

Statement offers_by_uuid(std::span<const Uuid> uuids) {
    return {kByUuid, {array_text(uuids, [](const Uuid& uuid) { return to_string(uuid); })}};
}

std::optional<OfferRow> read_offer(const PgResult& result, int row) {
    const auto public_id = parse_uuid(result.text(row, uuid));
    if (!public_id) {
        return std::nullopt;
    }
    OfferRow offer;
    offer.offer_id = result.integer(row, offer_id);
    offer.uuid = *public_id;
    offer.reason = result.text(row, out_reason);
    if (!offer.reason.empty()) {
        return offer;
    }
    const OfferSource source = source_of(result, row, *public_id);
    CompileResult compiled = compile_destination(source);
    if (compiled.ok) {
        offer.entry = encode_offer_entry(source, compiled.program);
    } else {
        offer.reason = std::move(compiled.reason);
        offer.broken = true;
    }
    return offer;
}

}  // namespace coupon
