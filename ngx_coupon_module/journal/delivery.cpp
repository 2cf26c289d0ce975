// What is handed out next, and what became of it.
#include "journal/delivery.hpp"

#include <algorithm>
#include <utility>

#include "journal/delivery_arithmetic.hpp"

namespace coupon {

namespace {

constexpr uint64_t kGroup_ms = 1000;  // batches within this time are one group
constexpr size_t kGroups_max = 64;    // more in one segment: neighbours are joined

// Half as many groups, each as young as its younger half.
void join_neighbours(std::vector<SendGroup>& groups) {
    std::vector<SendGroup> joined;
    for (const SendGroup& group : groups) {
        if (!joined.empty() && joined.size() * 2 < groups.size() &&
            joined.back().end == group.begin) {
            joined.back().end = group.end;
            joined.back().last_ms = std::max(joined.back().last_ms, group.last_ms);
            joined.back().order = group.order;
        } else {
            joined.push_back(group);
        }
    }
    groups = std::move(joined);
}

SeqRanges from(const SeqRanges& ranges, uint64_t begin) {
    SeqRanges rest;
    for (const SeqRange& range : ranges.ranges()) {
        rest.add(std::max(range.begin, begin), range.end);
    }
    return rest;
}

}  // namespace

Delivery::Delivery(SegmentMap& map, bool keep_until_synced, DeliveryLimits limits)
    : map_(map), keep_until_synced_(keep_until_synced), limits_(limits) {}

DeliverySegment& Delivery::begin_segment(std::list<DeliverySegment>& spares) noexcept {
    segments_.splice(segments_.end(), spares, spares.begin());
    return segments_.back();
}

void Delivery::on_epoch(uint64_t epoch) {
    // Never 0, which means unknown.
    uint32_t folded = static_cast<uint32_t>(epoch ^ epoch >> 32);
    folded = folded == 0 ? 1 : folded;
    if (folded == epoch_) {
        return;
    }
    epoch_ = folded;
    for (DeliverySegment& segment : segments_) {
        enter_epoch(segment);
    }
}

void Delivery::enter_epoch(DeliverySegment& segment) {
    if (epoch_ == 0 || segment.epoch == epoch_) {
        return;
    }
    SeqRanges covered = segment.done;
    for (const Outstanding& batch : outstanding_) {
        if (batch.segment == &segment) {
            for (const SeqRange& range : batch.ranges) {
                covered.add(range.begin, range.end);
            }
        }
    }
    segment.resend.clear();
    for (const SeqRange& gap : covered.gaps(0, segment.next_new)) {
        segment.resend.add(gap.begin, gap.end);
    }
    segment.groups.clear();
    segment.resend_after_ms = limits_.resend_after_ms;
    segment.epoch = epoch_;
    store_progress(segment);
}

SendBatch Delivery::next_batch(size_t records_max, size_t bytes_max) {
    batch_.clear();
    batch_bytes_ = 0;
    if (epoch_ == 0) {
        return {};
    }
    for (DeliverySegment& segment : segments_) {
        if (!segment.has_unsent() || !segment.resident()) {
            continue;
        }
        enter_epoch(segment);
        Outstanding batch{0, &segment, epoch_, {}};
        for (const SeqRange& range : std::vector(segment.resend.ranges())) {
            hand_out(segment, range, records_max, bytes_max, batch);
        }
        if (segment.resend.empty()) {
            hand_out(segment, {segment.next_new, segment.records}, records_max, bytes_max, batch);
        }
        if (!batch.ranges.empty()) {
            batch.token = ++last_token_;
            ++segment.outstanding;
            outstanding_.push_back(std::move(batch));
            return {last_token_, batch_, batch_bytes_};
        }
        discard_sent(segment);
    }
    return {};
}

uint64_t Delivery::waiting(uint64_t enough) const noexcept {
    uint64_t found = 0;
    for (auto at = segments_.rbegin(); at != segments_.rend() && found < enough; ++at) {
        found += at->records - at->next_new + at->resend.count();
    }
    return std::min(found, enough);
}

// Adds what is not done of `range`, which is at the front of what the segment has to send.
void Delivery::hand_out(DeliverySegment& segment, SeqRange range, size_t records_max,
                        size_t bytes_max, Outstanding& batch) {
    uint64_t reached = range.begin;
    bool full = batch_.size() >= records_max || (!batch_.empty() && batch_bytes_ >= bytes_max);
    if (full) {
        return;
    }
    for (const SeqRange& gap : segment.done.gaps(range.begin, range.end)) {
        uint64_t seq = gap.begin;
        for (; seq < gap.end && !full; ++seq) {
            std::string_view payload = segment.payload(static_cast<uint32_t>(seq));
            if (!batch_.empty() && batch_bytes_ + payload.size() > bytes_max) {
                full = true;
                break;
            }
            batch_.push_back(payload);
            batch_bytes_ += payload.size();
            full = batch_.size() >= records_max;
        }
        if (seq > gap.begin) {
            batch.ranges.push_back({gap.begin, seq});
        }
        reached = seq;
        if (full) {
            break;
        }
    }
    if (!full) {
        reached = range.end;
    }
    if (!segment.resend.empty()) {
        segment.resend = from(segment.resend, reached);
    } else {
        segment.next_new = static_cast<uint32_t>(reached);
    }
}

std::optional<Delivery::Outstanding> Delivery::take_outstanding(uint64_t token) {
    auto found = std::find_if(outstanding_.begin(), outstanding_.end(),
                              [token](const Outstanding& batch) { return batch.token == token; });
    if (found == outstanding_.end()) {
        return std::nullopt;
    }
    Outstanding batch = std::move(*found);
    outstanding_.erase(found);
    --batch.segment->outstanding;
    return batch;
}

void Delivery::on_sent(uint64_t token, uint64_t now_ms) {
    auto batch = take_outstanding(token);
    if (!batch) {
        return;
    }
    for (const SeqRange& range : batch->ranges) {
        if (batch->epoch == epoch_) {
            remember_sent(*batch->segment, range, now_ms);
        } else {
            batch->segment->resend.add(range.begin, range.end);
        }
    }
    store_progress(*batch->segment);
    discard_sent(*batch->segment);
}

void Delivery::on_not_sent(uint64_t token) {
    if (auto batch = take_outstanding(token)) {
        for (const SeqRange& range : batch->ranges) {
            batch->segment->resend.add(range.begin, range.end);
        }
        store_progress(*batch->segment);
    }
}

void Delivery::remember_sent(DeliverySegment& segment, SeqRange range, uint64_t now_ms) {
    auto begin = static_cast<uint32_t>(range.begin);
    auto end = static_cast<uint32_t>(range.end);
    if (!segment.groups.empty()) {
        SendGroup& last = segment.groups.back();
        if (last.order == last_order_ && last.end == begin &&
            elapsed(now_ms, last.first_ms) < kGroup_ms) {
            last.end = end;
            last.last_ms = now_ms;
            return;
        }
    }
    if (segment.groups.size() >= kGroups_max) {
        join_neighbours(segment.groups);
    }
    segment.groups.push_back({begin, end, now_ms, now_ms, ++last_order_});
}

// The header must never claim more than is true: what has no answer yet counts as not sent.
void Delivery::store_progress(DeliverySegment& segment) const noexcept {
    uint64_t cursor = segment.next_new;
    if (!segment.resend.empty()) {
        cursor = std::min(cursor, segment.resend.ranges().front().begin);
    }
    for (const Outstanding& batch : outstanding_) {
        if (batch.segment == &segment) {
            cursor = std::min(cursor, batch.ranges.front().begin);
        }
    }
    segment.file->header().store_progress({segment.epoch, static_cast<uint32_t>(cursor)});
}

}  // namespace coupon
