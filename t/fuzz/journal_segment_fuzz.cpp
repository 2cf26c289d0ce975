// A segment with any bytes overwritten: what is still read is what was written under that number.
// Input: three bytes a change, offset (little-endian) and value.
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "journal/record.hpp"
#include "journal/segment_header.hpp"

namespace {

constexpr size_t kFile_bytes = 16384;
constexpr uint32_t kRecords = 100;

struct Image {
    alignas(coupon::SegmentHeader) char bytes[kFile_bytes] = {};
};

std::string text(uint32_t seq) {
    return std::to_string(seq) + std::string(seq % 60, 'x');
}

const coupon::Uuid& segment() {
    static const coupon::Uuid id = *coupon::parse_uuid("0b5e3c4a-77a1-4c55-9d7e-1f2a3b4c5d6e");
    return id;
}

Image written() {
    Image image;
    new (image.bytes) coupon::SegmentHeader;
    reinterpret_cast<coupon::SegmentHeader*>(image.bytes)
        ->begin({segment(), coupon::JournalKind::clicks, kFile_bytes, 1, "edge"});
    size_t at = coupon::kSegmentHeader_bytes;
    for (uint32_t seq = 0; seq < kRecords; ++seq) {
        std::string payload = text(seq);
        char* room = image.bytes + at + coupon::kRecordHeader_bytes;
        std::memcpy(room, payload.data(), payload.size());
        coupon::publish_record(coupon::record_key(segment()), room,
                               static_cast<uint32_t>(payload.size()), seq);
        at += coupon::record_bytes(payload.size());
    }
    return image;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const Image original = written();
    Image image = original;
    for (; size >= 3; data += 3, size -= 3) {
        image.bytes[(data[0] | data[1] << 8) % kFile_bytes] = static_cast<char>(data[2]);
    }
    const auto& header = *reinterpret_cast<const coupon::SegmentHeader*>(image.bytes);
    if (header.check() == coupon::HeaderCheck::good &&
        std::memcmp(image.bytes, original.bytes, offsetof(coupon::SegmentHeader, crc)) != 0) {
        abort();
    }
    coupon::RecordIndex index = coupon::scan_records(segment(), image.bytes, kFile_bytes, kRecords);
    if (index.records() != kRecords) {
        abort();
    }
    for (uint32_t seq = 0; seq < kRecords; ++seq) {
        if (index.offsets[seq] != 0 &&
            coupon::trusted_record(image.bytes + index.offsets[seq]) != text(seq)) {
            abort();
        }
    }
    return 0;
}
