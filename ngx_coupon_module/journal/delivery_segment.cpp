#include "journal/delivery_segment.hpp"

namespace coupon {

DeliverySegment::DeliverySegment(std::unique_ptr<SegmentFile> opened) : file(std::move(opened)) {
    write_uuid(id(), text);
}

std::string_view DeliverySegment::payload(uint32_t seq) {
    if (loaded) {
        return loaded->payload(seq);
    }
    const char* base = file->body()->mapping.data();
    while (offsets.size() <= seq) {
        offsets.push_back(next_offset);
        next_offset +=
            static_cast<uint32_t>(record_bytes(trusted_record(base + next_offset).size()));
    }
    return trusted_record(base + offsets[seq]);
}

uint64_t DeliverySegment::average_bytes() const noexcept {
    if (!offsets.empty()) {
        return (next_offset - kSegmentHeader_bytes) / offsets.size();
    }
    return records == 0 ? 0 : file->identity().file_bytes / records;
}

}  // namespace coupon
