#include "couponctl/click_accounts.hpp"

#include <algorithm>
#include <filesystem>

#include "core/click_json.hpp"
#include "journal/reader.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr const char* segments_sql =
    "SELECT id, edge, COALESCE(served, 0), unjournaled, settled::text, audited_at IS NOT NULL"
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

std::uint64_t count_at(const PgResult& rows, int row, int column) {
    return static_cast<std::uint64_t>(rows.number(row, column));
}

}  // namespace

void ClickAccounts::add_journal(const std::string& directory, std::vector<Uuid>* ids) {
    std::string error;
    const auto reader = JournalReader::open(directory, error);
    if (!reader) {
        throw CommandError("audit: " + error);
    }
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
    ParsedClick click;
    std::string reason;
    for (const auto& segment : reader->list(false)) {
        if (segment.kind != JournalKind::clicks) {
            continue;
        }
        auto& account = segments_[segment.id];
        account.edge = segment.edge;
        const auto result = reader->read(segment, [&](std::uint32_t seq, std::string_view payload) {
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
}

void ClickAccounts::add_database(PgConnection& pg) {
    const auto segments = pg.execute(segments_sql);
    for (int row = 0; row < segments.rows(); ++row) {
        const auto id = uuid_at(segments, row);
        if (segments.text(row, 5) == "t") {
            segments_.erase(id);
            ++closed_;
            continue;
        }
        auto& account = segments_[id];
        account.in_table = true;
        account.edge = segments.text(row, 1);
        account.served = std::max(account.served, count_at(segments, row, 2));
        account.unjournaled = std::max(account.unjournaled, count_at(segments, row, 3));
        const auto settled = SeqRanges::parse(segments.text(row, 4));
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
