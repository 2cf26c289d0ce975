#include "couponctl/click_accounts.hpp"

#include <algorithm>
#include <filesystem>

#include "core/click_json.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr const char* served_sql =
    "SELECT id, COALESCE(served, 0), unjournaled, COALESCE(sealed, 0)"
    " FROM journal_segments WHERE kind = 'clicks'";

constexpr const char* segments_sql =
    "SELECT id, edge, settled::text, audited_at IS NOT NULL"
    " FROM journal_segments WHERE kind = 'clicks'";

constexpr const char* stored_sql =
    "SELECT segment, count(*), sum(rows)::bigint"
    " FROM (SELECT segment, seq, count(*) AS rows FROM offer_clicks WHERE segment IS NOT NULL "
    "GROUP BY segment, seq) AS place"
    " GROUP BY segment";

constexpr const char* rejected_sql =
    "SELECT segment, count(*) FROM click_rejects r"
    " WHERE segment IS NOT NULL"
    "   AND NOT EXISTS (SELECT FROM offer_clicks c WHERE c.segment = r.segment AND c.seq = r.seq)"
    " GROUP BY segment";

Uuid uuid_at(const PgResult& rows, int row) {
    return parse_uuid(rows.text(row, 0)).value_or(Uuid{});
}

std::unique_ptr<JournalReader> open_journal(const std::string& directory) {
    std::string error;
    auto reader = JournalReader::open(directory, error);
    if (!reader) {
        throw CommandError("audit: " + error);
    }
    return reader;
}

std::uint64_t count_at(const PgResult& rows, int row, int column) {
    return static_cast<std::uint64_t>(rows.number(row, column));
}

}  // namespace

void ClickAccounts::add_served(PgConnection& pg) {
    const auto segments = pg.execute(served_sql);
    for (int row = 0; row < segments.rows(); ++row) {
        auto& account = segments_[uuid_at(segments, row)];
        account.served = count_at(segments, row, 1);
        account.unjournaled = count_at(segments, row, 2);
        account.written = count_at(segments, row, 3);
    }
}

void ClickAccounts::add_journal(const std::string& directory, std::vector<Uuid>* ids) {
    const auto reader = open_journal(directory);
    // Served first: whatever was counted by then is in a journal file that is read after it.
    if (reader->map() != nullptr) {
        reader->map()->for_each([this](const SlotView& slot) {
            if (slot.kind == JournalKind::clicks && !slot.never_used()) {
                auto& account = segments_[slot.segment];
                account.served = std::max(account.served, slot.counts.served);
                account.unjournaled = std::max(account.unjournaled, slot.counts.unjournaled);
            }
        });
    }
    for (const auto& segment : reader->list(false)) {
        if (segment.kind == JournalKind::clicks) {
            add_records(*reader, segment, ids);
        }
    }
}

void ClickAccounts::add_retired(const std::string& directory, std::vector<Uuid>* ids) {
    const auto reader = open_journal(directory);
    for (const auto& segment : reader->list(true)) {
        if (segment.kind != JournalKind::clicks || !segment.retired ||
            closed_.contains(segment.id)) {
            continue;
        }
        const auto known = segments_.find(segment.id);
        if (known == segments_.end() || !known->second.settled.covers(0, segment.sealed)) {
            add_records(*reader, segment, ids);
        }
    }
}

void ClickAccounts::add_records(const JournalReader& reader, const SegmentInfo& segment,
                                std::vector<Uuid>* ids) {
    auto& account = segments_[segment.id];
    account.edge = segment.edge;
    ParsedClick click;
    std::string reason;
    const auto result = reader.read(segment, [&](std::uint32_t seq, std::string_view payload) {
        account.journaled.add(seq);
        if (ids != nullptr && parse_click(payload, click, reason)) {
            ids->push_back(click.id);
        }
    });
    // A segment that was settled and recycled meanwhile is in the table.
    if (!result.error.empty() && std::filesystem::exists(segment.path)) {
        throw CommandError("audit: " + result.error);
    }
}

void ClickAccounts::add_database(PgConnection& pg) {
    const auto segments = pg.execute(segments_sql);
    for (int row = 0; row < segments.rows(); ++row) {
        const auto id = uuid_at(segments, row);
        if (segments.text(row, 3) == "t") {
            segments_.erase(id);
            closed_.insert(id);
            continue;
        }
        auto& account = segments_[id];
        account.in_table = true;
        account.edge = segments.text(row, 1);
        const auto settled = SeqRanges::parse(segments.text(row, 2));
        if (!settled) {
            throw CommandError("audit: journal_segments.settled of " + to_string(id) +
                               " has bounds no edge makes");
        }
        account.settled = *settled;
    }
    const auto stored = pg.execute(stored_sql);
    for (int row = 0; row < stored.rows(); ++row) {
        auto& account = segments_[uuid_at(stored, row)];
        account.stored = count_at(stored, row, 1);
        account.rows = count_at(stored, row, 2);
    }
    const auto rejected = pg.execute(rejected_sql);
    for (int row = 0; row < rejected.rows(); ++row) {
        segments_[uuid_at(rejected, row)].rejected = count_at(rejected, row, 1);
    }
}

}  // namespace coupon
