#include "journal/delivery.hpp"

#include <algorithm>
#include <utility>

namespace coupon {

namespace {

constexpr uint64_t kLoadRetry_ms = 5000;
constexpr uint64_t kMarkEvery_ms = 1000;
constexpr uint64_t kGroup_ms = 1000;  // batches within this time are one group
constexpr size_t kGroups_max = 64;    // more in one segment: neighbours are joined

// Clocks that step back make nothing overdue.
uint64_t elapsed(uint64_t now_ms, uint64_t since_ms) noexcept {
    return now_ms > since_ms ? now_ms - since_ms : 0;
}

uint64_t total(const std::vector<SeqRange>& ranges) noexcept {
    uint64_t sum = 0;
    for (const SeqRange& range : ranges) {
        sum += range.end - range.begin;
    }
    return sum;
}

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

// --- sending ---------------------------------------------------------------------------------

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

// --- settling --------------------------------------------------------------------------------

void Delivery::tick(const DeliveryTick& tick) {
    now_ms_ = tick.now_ms;
    for (DeliverySegment& segment : segments_) {
        if (auto settled = map_.settled_since(segment.file->slot(), segment.id(),
                                              segment.settled_version)) {
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
    std::erase_if(segment.groups, [&](const SendGroup& group) {
        bool overtaken = group.order < settled_order_;
        if (elapsed(tick.settlements_read_ms, group.last_ms) < segment.resend_after_ms ||
            (!overtaken && !tick.queue_empty)) {
            return false;
        }
        for (const SeqRange& gap : segment.done.gaps(group.begin, group.end)) {
            segment.resend.add(gap.begin, gap.end);
            any = true;
        }
        return true;
    });
    if (any) {
        segment.resend_after_ms =
            std::min(segment.resend_after_ms * 2, limits_.resend_after_max_ms);
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

// --- memory ----------------------------------------------------------------------------------

void Delivery::adopt(AdoptedSegment&& adopted, uint64_t now_ms) {
    auto first_own = std::find_if(segments_.begin(), segments_.end(),
                                  [](const DeliverySegment& segment) { return segment.own; });
    DeliverySegment& segment = *segments_.emplace(first_own, std::move(adopted.file));
    segment.sealed = true;
    segment.records = adopted.records;
    segment.synced = adopted.records;
    SendProgress progress = segment.file->header().load_progress();
    segment.epoch = progress.epoch;
    segment.next_new = std::min(progress.cursor, adopted.records);
    segment.resend_after_ms = limits_.resend_after_ms;
    segment.marks.push_back({0, elapsed(now_ms, adopted.age_ms)});
    if (segment.next_new != 0) {
        // When it was sent is not known; from now on it has its time like everything else.
        segment.groups.push_back({0, segment.next_new, now_ms, now_ms, ++last_order_});
    }
    if (auto settled = map_.settled_since(segment.file->slot(), segment.id(),
                                          segment.settled_version)) {
        segment.done.add(*settled);
    }
    if (adopted.loaded) {
        finish_load(segment.id(), std::move(adopted.loaded), now_ms);
    }
    enter_epoch(segment);
    discard_sent(segment);
    if (segment.loaded && loaded_count() > limits_.loaded_max) {
        discarded_.loaded.push_back(std::move(segment.loaded));
    }
}

size_t Delivery::loaded_count() const noexcept {
    return static_cast<size_t>(
        std::count_if(segments_.begin(), segments_.end(), [](const DeliverySegment& segment) {
            return segment.loaded != nullptr || segment.loading;
        }));
}

std::optional<LoadRequest> Delivery::take_load(uint64_t now_ms) {
    if (epoch_ == 0 || loaded_count() >= limits_.loaded_max) {
        return std::nullopt;
    }
    for (DeliverySegment& segment : segments_) {
        if (!segment.resident() && !segment.loading && segment.has_unsent() &&
            segment.load_not_before_ms <= now_ms) {
            segment.loading = true;
            return LoadRequest{segment.id(), segment.file->identity().file_bytes,
                               segment.records};
        }
    }
    return std::nullopt;
}

void Delivery::finish_load(const Uuid& id, std::unique_ptr<LoadedRecords> loaded,
                           uint64_t now_ms) {
    auto found = std::find_if(segments_.begin(), segments_.end(),
                              [&](const DeliverySegment& segment) { return segment.id() == id; });
    if (found == segments_.end()) {
        return;
    }
    DeliverySegment& segment = *found;
    segment.loading = false;
    if (!loaded) {
        segment.load_not_before_ms = now_ms + kLoadRetry_ms;
        return;
    }
    SeqRanges unreadable = loaded->index.unreadable();
    segment.unreadable = static_cast<uint32_t>(unreadable.count());
    segment.done.add(unreadable);
    segment.loaded = std::move(loaded);
}

std::unique_ptr<SegmentFile> Delivery::take_retired() {
    if (retired_.empty()) {
        return nullptr;
    }
    auto file = std::move(retired_.back());
    retired_.pop_back();
    return file;
}

Discarded Delivery::take_discarded() noexcept { return std::exchange(discarded_, Discarded{}); }

// A copy that was read back is not kept once it is sent.
void Delivery::discard_sent(DeliverySegment& segment) {
    if (segment.loaded && !segment.has_unsent() && segment.outstanding == 0) {
        discarded_.loaded.push_back(std::move(segment.loaded));
    }
}

bool Delivery::may_unmap(const DeliverySegment& segment) const noexcept {
    return segment.sealed && segment.file->body() && segment.outstanding == 0 &&
           (!keep_until_synced_ || segment.synced == segment.records);
}

// Segments that wait long need no memory: first those that are sent, then those sent last.
void Delivery::limit_mapped() {
    size_t mapped = 0;
    for (const DeliverySegment& segment : segments_) {
        mapped += segment.sealed && segment.file->body() ? 1 : 0;
    }
    auto unmap = [&](DeliverySegment& segment) {
        discarded_.bodies.push_back(segment.file->take_body());
        segment.offsets = {};
        --mapped;
    };
    for (DeliverySegment& segment : segments_) {
        if (mapped > limits_.mapped_max && may_unmap(segment) && !segment.has_unsent()) {
            unmap(segment);
        }
    }
    for (auto at = segments_.rbegin(); at != segments_.rend(); ++at) {
        if (mapped > limits_.mapped_max && may_unmap(*at)) {
            unmap(*at);
        }
    }
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
