#include "settlement.hpp"

#include "clock.hpp"

#include <algorithm>
#include <map>

namespace coupon {
namespace {

constexpr ngx_msec_t kDeadline_ms = 10'000;

// Rows in the order of their id, as the workers lock them: two sessions never wait in a circle.
constexpr const char* kWriteCounts =
    "INSERT INTO journal_segments AS known (id, kind, edge, served, unjournaled, sealed) "
    "SELECT id, kind, $6::text, served, unjournaled, sealed "
    "FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) "
    "AS row(id, kind, served, unjournaled, sealed) ORDER BY id "
    "ON CONFLICT (id) DO UPDATE SET edge = EXCLUDED.edge, "
    "served = GREATEST(known.served, EXCLUDED.served), "
    "unjournaled = GREATEST(known.unjournaled, EXCLUDED.unjournaled), "
    "sealed = COALESCE(EXCLUDED.sealed, known.sealed)";

constexpr const char* kReadSettled = "SELECT id, settled FROM journal_segments WHERE id = ANY($1::uuid[])";

// Text of a PostgreSQL array whose elements need no quoting.
class ArrayText {
public:
    void add(std::string_view element) {
        text_.push_back(text_.empty() ? '{' : ',');
        text_.append(element);
    }
    void add(uint64_t element) { add(std::to_string(element)); }
    std::string text() const { return text_.empty() ? "{}" : text_ + "}"; }

private:
    std::string text_;
};

}  // namespace

Settlement::Settlement(std::shared_ptr<SegmentMap> map, PgConnection& postgres, std::string edge, ngx_log_t* log)
    : map_(std::move(map)), postgres_(postgres), edge_(std::move(edge)), log_(log) {}

void Settlement::exchange() {
    if (unanswered_ != 0 || !postgres_.ready()) {
        return;
    }
    std::vector<SlotView> changed;
    std::vector<SlotView> unsettled;
    map_->for_each([&](const SlotView& slot) {
        if (slot.needs_row()) {
            changed.push_back(slot);
        }
        if (!slot.writer_only && !slot.done) {
            unsettled.push_back(slot);
        }
    });
    if (!changed.empty()) {
        write_counts(changed);
    }
    read_settled(unsettled);
}

void Settlement::write_counts(const std::vector<SlotView>& slots) {
    ArrayText ids, kinds, served, unjournaled, sealed;
    for (const SlotView& slot : slots) {
        ids.add(to_string(slot.segment));
        kinds.add(kind_name(slot.kind));
        served.add(slot.counts.served);
        unjournaled.add(slot.counts.unjournaled);
        // A writer's own slot holds no records: it is sealed from the start.
        if (slot.writer_only) {
            sealed.add(uint64_t{0});
        } else if (slot.counts.sealed == kOpen) {
            sealed.add("NULL");
        } else {
            sealed.add(slot.counts.sealed);
        }
    }
    const bool asked = postgres_.query(
        kWriteCounts, {ids.text(), kinds.text(), served.text(), unjournaled.text(), sealed.text(), edge_},
        kDeadline_ms, [this, slots](PgResult&& result) {
            --unanswered_;
            if (!result.ok()) {
                complain("write the served counts", result);
                return;
            }
            for (const SlotView& slot : slots) {
                map_->mark_persisted(slot.id, slot.counts);
            }
        });
    unanswered_ += asked ? 1 : 0;
}

void Settlement::read_settled(const std::vector<SlotView>& slots) {
    // What is read is at least as new as the question, which is all that may be claimed of it.
    const uint64_t asked_ms = monotonic_ns() / 1'000'000;
    if (slots.empty()) {
        map_->set_settlements_read_ms(asked_ms);
        return;
    }
    ArrayText ids;
    for (const SlotView& slot : slots) {
        ids.add(to_string(slot.segment));
    }
    const bool asked = postgres_.query(kReadSettled, {ids.text()}, kDeadline_ms, [this, slots, asked_ms](PgResult&& result) {
        --unanswered_;
        if (result.ok()) {
            publish(slots, result);
            map_->set_settlements_read_ms(asked_ms);
        } else {
            complain("read what is settled", result);
        }
    });
    unanswered_ += asked ? 1 : 0;
}

void Settlement::publish(const std::vector<SlotView>& asked, const PgResult& result) {
    std::map<Uuid, SlotId> slots;
    for (const SlotView& slot : asked) {
        slots.emplace(slot.segment, slot.id);
    }
    for (int row = 0; row < result.rows(); ++row) {
        const auto segment = parse_uuid(result.text(row, 0));
        const auto settled = SeqRanges::parse(result.text(row, 1));
        const auto slot = segment ? slots.find(*segment) : slots.end();
        if (slot != slots.end() && settled) {
            map_->publish_settled(slot->second, *segment, *settled);
        }
    }
}

void Settlement::complain(const char* what, const PgResult& result) {
    // A lost connection has its own line; this one is for what PostgreSQL itself refuses.
    if (!result.sqlstate().empty()) {
        ngx_log_error(NGX_LOG_ERR, log_, 0, "coupon: cannot %s in journal_segments: %s; run couponctl migrate", what,
                      result.error().c_str());
    }
}

}  // namespace coupon
