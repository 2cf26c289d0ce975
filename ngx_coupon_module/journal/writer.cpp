#include "journal/writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace coupon {

bool SyncTicket::run(std::string& error) const {
    for (const Part& part : parts_) {
        while (::fdatasync(part.body->fd.get()) != 0) {
            if (errno != EINTR) {
                error = system_error("sync", "segment " + to_string(part.segment), errno);
                return false;
            }
        }
    }
    return true;
}

RecordRef JournalWriter::commit(size_t bytes) noexcept {
    auto payload_bytes = static_cast<uint32_t>(bytes);
    uint32_t seq = current_->records;
    publish_record(key_, at_ + kRecordHeader_bytes, payload_bytes, seq);
    size_t taken = record_bytes(bytes);
    at_ += taken;
    room_ -= taken;
    current_->records = seq + 1;
    map_records_->store(seq + 1, std::memory_order_relaxed);
    return {current_->file->slot(), seq, ++committed_};
}

// A segment without the room is sealed even when there is no spare: it must become free in time, or
// a small budget would be held by full segments that nobody closes.
bool JournalWriter::next_segment(size_t needed) noexcept {
    const DeliverySegment* any = current_;
    if (any == nullptr && !spares_.empty()) {
        any = &spares_.front();
    }
    if (any == nullptr || needed > any->file->identity().file_bytes - kSegmentHeader_bytes) {
        return false;
    }
    seal_current();
    if (spares_.empty()) {
        return false;
    }
    current_ = &delivery_.begin_segment(spares_);
    const Mapping& mapping = current_->file->body()->mapping;
    at_ = mapping.data() + kSegmentHeader_bytes;
    room_ = mapping.size() - kSegmentHeader_bytes;
    key_ = record_key(current_->id());
    map_records_ = &map_.records(current_->file->slot());
    return needed <= room_;
}

void JournalWriter::give_spare(std::unique_ptr<SegmentFile> prepared) {
    spares_.emplace_back(std::move(prepared)).own = true;
}

void JournalWriter::seal_current() noexcept {
    if (current_ == nullptr) {
        return;
    }
    current_->file->header().sealed.store(current_->records, std::memory_order_release);
    map_.seal(current_->file->slot(), current_->records);
    current_->sealed = true;
    current_ = nullptr;
    at_ = nullptr;
    room_ = 0;
}

SyncTicket JournalWriter::begin_sync() const {
    SyncTicket ticket;
    ticket.covers_ = committed_;
    for (const DeliverySegment& segment : delivery_.segments()) {
        if (segment.synced < segment.records && segment.file->body()) {
            ticket.parts_.push_back({segment.file->body(), segment.id(), segment.records});
        }
    }
    return ticket;
}

void JournalWriter::finish_sync(const SyncTicket& ticket, bool good) noexcept {
    for (const SyncTicket::Part& part : ticket.parts_) {
        for (DeliverySegment& segment : delivery_.segments()) {
            if (segment.id() == part.segment) {
                segment.synced = part.records;
            }
        }
    }
    if (good) {
        synced_ = std::max(synced_, ticket.covers_);
    } else {
        seal_current();
    }
}

}  // namespace coupon
