#include "clicks/click_store.hpp"

#include <algorithm>
#include <map>

#include "clicks/copy_row.hpp"
#include "runtime/storable_text.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/settlement.hpp"

namespace coupon {
namespace {

constexpr const char* session_sql =
    "SET synchronous_commit = on;"
    // Sooner than our own deadline, so that no abandoned statement holds locks.
    "SET statement_timeout = '25s';"
    // A worker that is stopped within a transaction must not hold up the one that does its work.
    "SET idle_in_transaction_session_timeout = '25s';"
    "CREATE TEMP TABLE click_stage ("
    " click_id uuid, offer_id bigint, offer_uuid uuid, merchant_id bigint, user_id bigint,"
    " ip_address inet, user_agent text, referrer_url text, device_type text,"
    " frontend_click_id text, flags text[], clicked_at timestamptz, edge text, segment uuid,"
    " seq bigint) ON COMMIT DELETE ROWS";

constexpr const char* copy_sql = "COPY click_stage FROM STDIN (FORMAT binary)";

// In the order of (time, id), as every writer of clicks takes its locks. Each row of the answer is
// an offer, its new clicks and how many of them count: bots and HEAD requests are nobody's visit.
constexpr const char* insert_sql =
    "WITH stored AS ("
    " INSERT INTO offer_clicks (click_id, offer_id, offer_uuid, merchant_id, user_id, ip_address,"
    "  user_agent, referrer_url, device_type, frontend_click_id, flags, clicked_at, edge, segment, "
    "seq)"
    " SELECT click_id, offer_id, offer_uuid, merchant_id, user_id, ip_address,"
    "  user_agent, referrer_url, device_type, frontend_click_id, flags, clicked_at, edge, segment, "
    "seq"
    "  FROM click_stage ORDER BY clicked_at, click_id"
    " ON CONFLICT DO NOTHING RETURNING offer_id, flags)"
    " SELECT offer_id, count(*), count(*) FILTER (WHERE NOT flags && '{bot,head}')"
    "  FROM stored GROUP BY offer_id";

// The same id from another place in a journal is another click. Its fresh id keeps the millisecond
// and is made of the place, so that a repeat finds it again.
constexpr const char* conflicts_sql =
    "WITH fresh AS ("
    " SELECT (left(replace(s.click_id::text, '-', ''), 12) || '7' || left(digest, 3) || '8' ||"
    "   right(digest, 15))::uuid AS fresh_id, s.*"
    "  FROM click_stage s JOIN offer_clicks c USING (click_id, clicked_at),"
    "   md5(s.segment::text || '/' || s.seq) AS digest"
    "  WHERE s.segment IS NOT NULL AND (c.segment, c.seq) IS DISTINCT FROM (s.segment, s.seq)),"
    " stored AS ("
    " INSERT INTO offer_clicks (click_id, offer_id, offer_uuid, merchant_id, user_id, ip_address,"
    "  user_agent, referrer_url, device_type, frontend_click_id, flags, clicked_at, edge, segment, "
    "seq)"
    " SELECT fresh_id, offer_id, offer_uuid, merchant_id, user_id, ip_address,"
    "  user_agent, referrer_url, device_type, frontend_click_id, flags || '{id_conflict}', "
    "clicked_at, edge,"
    "  segment, seq FROM fresh ORDER BY clicked_at, fresh_id"
    " ON CONFLICT DO NOTHING RETURNING click_id, offer_id, flags, segment, seq)"
    " SELECT offer_id, (NOT flags && '{bot,head}')::int, click_id, segment, seq FROM stored";

constexpr const char* rejects_sql =
    "INSERT INTO click_rejects (id, segment, seq, click_id, edge, reason, raw)"
    " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], "
    "$6::text[],"
    "  $7::text[]) AS r (id) ORDER BY r.id ON CONFLICT DO NOTHING";

// Offers come last in the order of locks, and by id. An offer that is gone needs no count.
constexpr const char* count_sql =
    "WITH counted AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS c (id, clicks)),"
    " locked AS (SELECT id FROM offers WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE)"
    " UPDATE offers SET clicks_count = COALESCE(clicks_count, 0) + counted.clicks"
    "  FROM locked JOIN counted USING (id) WHERE offers.id = locked.id";

constexpr std::size_t alerts_max = 10;  // lines a batch

}  // namespace

class ClickStore::OfferCounts {
  public:
    void add(std::int64_t offer, std::int64_t clicks) {
        if (clicks > 0) {
            counts_[offer] += clicks;
        }
    }

    void write(PgConnection& pg) const {
        if (counts_.empty()) {
            return;
        }
        PgArray ids;
        PgArray clicks;
        for (const auto& [id, count] : counts_) {
            ids.add(id);
            clicks.add(count);
        }
        pg.execute(count_sql, {ids.literal(), clicks.literal()});
    }

  private:
    std::map<std::int64_t, std::int64_t> counts_;
};

StoreCounts& StoreCounts::operator+=(const StoreCounts& other) {
    stored += other.stored;
    duplicates += other.duplicates;
    conflicts += other.conflicts;
    rejected += other.rejected;
    return *this;
}

void prepare_click_session(PgConnection& pg) {
    pg.execute_script(session_sql);
}

StoreCounts ClickStore::store(const ClickBatch& batch, std::size_t first, std::size_t last,
                              std::span<const RejectedClick> rejects,
                              const std::function<void()>& meanwhile) {
    Settlement settlement("clicks");
    for (std::size_t i = first; i < last; ++i) {
        settlement.add(batch.rows()[i].place, batch.rows()[i].edge);
    }
    for (const auto& reject : rejects) {
        settlement.add(reject.place, reject.edge);
    }

    StoreCounts counts;
    OfferCounts offers;
    PgTransaction transaction(pg_);
    if (first < last) {
        pg_.copy_in(copy_sql, {copy_header, batch.copy_rows(first, last), copy_trailer});
        counts.stored = insert_clicks(offers, meanwhile);
        if (counts.stored < last - first) {
            counts.conflicts = insert_conflicts(offers, batch);
            counts.stored += counts.conflicts;
            counts.duplicates = last - first - counts.stored;
        }
    }
    counts.rejected = insert_rejects(batch, rejects);
    settlement.write(pg_);
    offers.write(pg_);
    transaction.commit();
    return counts;
}

std::size_t ClickStore::insert_clicks(OfferCounts& counts, const std::function<void()>& meanwhile) {
    pg_.start(insert_sql);
    meanwhile();
    const auto offers = pg_.finish();
    std::size_t stored = 0;
    for (int row = 0; row < offers.rows(); ++row) {
        stored += static_cast<std::size_t>(offers.number(row, 1));
        counts.add(offers.number(row, 0), offers.number(row, 2));
    }
    return stored;
}

std::size_t ClickStore::insert_conflicts(OfferCounts& counts, const ClickBatch& batch) {
    const auto conflicts = pg_.execute(conflicts_sql);
    for (int row = 0; row < conflicts.rows(); ++row) {
        counts.add(conflicts.number(row, 0), conflicts.number(row, 1));
        if (static_cast<std::size_t>(row) < alerts_max) {
            alert_conflict(batch, conflicts, row);
        }
    }
    return static_cast<std::size_t>(conflicts.rows());
}

void ClickStore::alert_conflict(const ClickBatch& batch, const PgResult& conflict, int row) const {
    const auto segment = parse_uuid(conflict.text(row, 3));
    const auto seq = static_cast<std::uint64_t>(conflict.number(row, 4));
    for (const auto& candidate : batch.rows()) {
        if (candidate.place && candidate.place->segment == segment && candidate.place->seq == seq) {
            const auto described = batch.rejected(candidate, "");
            log_.error(
                "a click id came from two places in the journals; the click is stored under a "
                "fresh id",
                {{"correlation_id", described.request_id},
                 {"click_id", to_string(*described.click_id)},
                 {"stored_as", conflict.text(row, 2)},
                 {"segment", conflict.text(row, 3)},
                 {"seq", conflict.number(row, 4)}});
            return;
        }
    }
}

std::size_t ClickStore::insert_rejects(const ClickBatch& batch,
                                       std::span<const RejectedClick> rejects) {
    if (rejects.empty()) {
        return 0;
    }
    PgArray ids, segments, seqs, click_ids, edges, reasons, raws;
    for (const auto& reject : rejects) {
        const auto raw = batch.entry(reject.entry);
        ids.add(to_string(id_of_entry(reject.place, raw)));
        if (reject.place) {
            segments.add(to_string(reject.place->segment));
            seqs.add(static_cast<std::int64_t>(reject.place->seq));
        } else {
            segments.add_null();
            seqs.add_null();
        }
        reject.click_id ? click_ids.add(to_string(*reject.click_id)) : click_ids.add_null();
        edges.add(reject.edge);
        reasons.add(storable_text(reject.reason));
        raws.add(storable_text(raw));
    }
    return static_cast<std::size_t>(
        pg_.execute(rejects_sql,
                    {ids.literal(), segments.literal(), seqs.literal(), click_ids.literal(),
                     edges.literal(), reasons.literal(), raws.literal()})
            .affected());
}

}  // namespace coupon
