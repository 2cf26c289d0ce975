// Which segments are in memory: adopting, reading back, giving away.
#include <algorithm>
#include <utility>

#include "journal/delivery.hpp"
#include "journal/delivery_arithmetic.hpp"

namespace coupon {

namespace {

constexpr uint64_t kLoadRetry_ms = 5000;

}  // namespace

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
    if (auto settled =
            map_.settled_since(segment.file->slot(), segment.id(), segment.settled_version)) {
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
            return LoadRequest{segment.id(), segment.file->identity().file_bytes, segment.records};
        }
    }
    return std::nullopt;
}

void Delivery::finish_load(const Uuid& id, std::unique_ptr<LoadedRecords> loaded, uint64_t now_ms) {
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

Discarded Delivery::take_discarded() noexcept {
    return std::exchange(discarded_, Discarded{});
}

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

}  // namespace coupon
