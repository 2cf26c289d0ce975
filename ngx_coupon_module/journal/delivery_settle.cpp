// What PostgreSQL has, and what follows from it: overdue, done, how old.
#include <algorithm>

#include "journal/delivery.hpp"
#include "journal/delivery_arithmetic.hpp"

namespace coupon {

namespace {

constexpr uint64_t kMarkEvery_ms = 1000;

}  // namespace

void Delivery::tick(const DeliveryTick& tick) {
    now_ms_ = tick.now_ms;
    for (DeliverySegment& segment : segments_) {
        if (auto settled =
                map_.settled_since(segment.file->slot(), segment.id(), segment.settled_version)) {
            settle(segment, *settled);
        }
    }
    for (auto at = segments_.begin(); at != segments_.end();) {
        DeliverySegment& segment = *at;
        mark_time(segment, tick);
        resend_overdue(segment, tick);
        discard_sent(segment);
        if (segment.all_done() && segment.outstanding == 0 && !segment.loading) {
            if (segment.loaded) {
                discarded_.loaded.push_back(std::move(segment.loaded));
            }
            retired_.push_back(std::move(segment.file));
            at = segments_.erase(at);
        } else {
            ++at;
        }
    }
    limit_mapped();
}

void Delivery::on_settled(const Uuid& id, const SeqRanges& settled) {
    for (DeliverySegment& segment : segments_) {
        if (segment.id() == id) {
            settle(segment, settled);
        }
    }
}

void Delivery::settle(DeliverySegment& segment, const SeqRanges& settled) {
    SeqRanges before = segment.done;
    segment.done.add(settled);
    if (segment.done == before) {
        return;
    }
    std::erase_if(segment.groups, [&](const SendGroup& group) {
        uint64_t missing = total(segment.done.gaps(group.begin, group.end));
        if (missing < total(before.gaps(group.begin, group.end))) {
            settled_order_ = std::max(settled_order_, group.order);
        }
        return missing == 0;
    });
}

// Rule (b): overdue, and either overtaken by what this worker sent later, or nothing is left that
// could still settle it. A leader that reads no settlements must not make all of it overdue.
void Delivery::resend_overdue(DeliverySegment& segment, const DeliveryTick& tick) {
    if (tick.settlements_read_ms > tick.now_ms) {
        return;
    }
    bool any = false;
    bool again = false;
    std::erase_if(segment.groups, [&](const SendGroup& group) {
        bool overtaken = group.order < settled_order_;
        bool after_backoff = group.order > segment.backoff_order;
        uint64_t patience_ms =
            after_backoff ? segment.resend_after_ms : segment.earlier_resend_after_ms;
        if (elapsed(tick.settlements_read_ms, group.last_ms) < patience_ms ||
            (!overtaken && !tick.queue_empty)) {
            return false;
        }
        for (const SeqRange& gap : segment.done.gaps(group.begin, group.end)) {
            segment.resend.add(gap.begin, gap.end);
            any = true;
            again = again || after_backoff;
        }
        return true;
    });
    if (again) {
        segment.earlier_resend_after_ms = segment.resend_after_ms;
        segment.resend_after_ms =
            std::min(segment.resend_after_ms * 2, limits_.resend_after_max_ms);
        segment.backoff_order = last_order_;
    }
    if (any) {
        store_progress(segment);
    }
}

void Delivery::mark_time(DeliverySegment& segment, const DeliveryTick& tick) {
    if (segment.marks.empty()) {
        segment.marks.push_back({0, tick.now_ms});
    }
    std::atomic<uint64_t>& first_ms = segment.file->header().first_record_ms;
    if (segment.records != 0 && first_ms.load(std::memory_order_relaxed) == 0) {
        first_ms.store(tick.unix_ms, std::memory_order_relaxed);
    }
    const TimeMark& last = segment.marks.back();
    if (segment.records > last.seq && elapsed(tick.now_ms, last.at_ms) >= kMarkEvery_ms) {
        segment.marks.push_back({segment.records, tick.now_ms});
    } else if (segment.records == last.seq) {
        segment.marks.back().at_ms = tick.now_ms;
    }
    // Marks before the oldest unsettled record are of no more use.
    auto gaps = segment.done.gaps(0, segment.records);
    uint64_t oldest = gaps.empty() ? segment.records : gaps.front().begin;
    auto keep = std::upper_bound(segment.marks.begin(), segment.marks.end(), oldest,
                                 [](uint64_t seq, const TimeMark& mark) { return seq < mark.seq; });
    segment.marks.erase(segment.marks.begin(), keep - 1);
}

DeliveryCounts Delivery::counts() const {
    DeliveryCounts counts;
    counts.segments = segments_.size();
    for (const DeliverySegment& segment : segments_) {
        auto open = segment.done.gaps(0, segment.records);
        uint64_t unsettled = total(open);
        uint64_t in_flight = 0;
        for (const SendGroup& group : segment.groups) {
            in_flight += total(segment.done.gaps(group.begin, group.end));
        }
        in_flight = std::min(in_flight, unsettled);
        counts.in_flight += in_flight;
        counts.in_flight_bytes += in_flight * segment.average_bytes();
        counts.unsent += unsettled - in_flight;
        counts.unreadable += segment.unreadable;
        if (open.empty()) {
            continue;
        }
        uint64_t since_ms = now_ms_;
        for (const TimeMark& mark : segment.marks) {
            if (mark.seq <= open.front().begin) {
                since_ms = mark.at_ms;
            }
        }
        counts.oldest_unsettled_ms =
            std::max(counts.oldest_unsettled_ms, elapsed(now_ms_, since_ms));
    }
    return counts;
}

}  // namespace coupon
