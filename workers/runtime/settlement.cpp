#include "runtime/settlement.hpp"

namespace coupon {
namespace {

constexpr const char* settle_sql =
    "INSERT INTO journal_segments AS known (id, kind, edge, settled)"
    " SELECT id, $4, edge, settled"
    "   FROM unnest($1::uuid[], $2::text[], $3::int8multirange[]) AS batch (id, edge, settled)"
    "  ORDER BY id"
    " ON CONFLICT (id) DO UPDATE SET settled = known.settled + EXCLUDED.settled"
    "  WHERE NOT known.settled @> EXCLUDED.settled";

}  // namespace

void Settlement::add(const std::optional<JournalPlace>& place, const std::string& edge) {
    if (!place) {
        return;
    }
    auto& segment = segments_[place->segment];
    segment.edge = edge;
    segment.seqs.add(place->seq);
}

void Settlement::write(PgConnection& pg) const {
    if (segments_.empty()) {
        return;
    }
    PgArray ids;
    PgArray edges;
    PgArray settled;
    for (const auto& [id, segment] : segments_) {
        ids.add(to_string(id));
        edges.add(segment.edge);
        settled.add(segment.seqs.to_text());
    }
    pg.execute(settle_sql, {ids.literal(), edges.literal(), settled.literal(), kind_});
}

}  // namespace coupon
