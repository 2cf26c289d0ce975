#include "journal/record.hpp"

#include <atomic>

#include "core/bytes.hpp"
#include "core/crc32c.hpp"

namespace coupon {

namespace {

constexpr size_t kCrcAt = 4;
constexpr size_t kSeqAt = 8;
constexpr size_t kTagAt = 12;

uint32_t record_crc(RecordKey key, const char* record, uint32_t payload_bytes) noexcept {
    return crc32c(key.seed ^ payload_bytes, record + kSeqAt,
                  kRecordHeader_bytes - kSeqAt + payload_bytes);
}

}  // namespace

RecordKey record_key(const Uuid& segment) noexcept {
    // The last bytes of the id: all of them are random, whatever version the uuid is of.
    uint32_t tag = load<uint32_t>(segment.bytes.data() + 12) | 1;
    return {tag, crc32c(0, segment.bytes.data(), segment.bytes.size())};
}

void publish_record(RecordKey key, char* payload, uint32_t payload_bytes, uint32_t seq) noexcept {
    char* record = payload - kRecordHeader_bytes;
    store<uint64_t>(record + kSeqAt, uint64_t{key.tag} << 32 | seq);
    store<uint32_t>(record + kCrcAt, record_crc(key, record, payload_bytes));
    auto* length = reinterpret_cast<uint32_t*>(record);
    std::atomic_ref(*length).store(payload_bytes, std::memory_order_release);
}

std::string_view verified_record(RecordKey key, const char* at, const char* end,
                                 uint32_t seq) noexcept {
    auto room = static_cast<size_t>(end - at);
    if (room < kRecordHeader_bytes || load<uint32_t>(at + kTagAt) != key.tag ||
        load<uint32_t>(at + kSeqAt) != seq) {
        return {};
    }
    auto length = load<uint32_t>(at);
    if (length == 0 || length > room - kRecordHeader_bytes ||
        record_crc(key, at, length) != load<uint32_t>(at + kCrcAt)) {
        return {};
    }
    return {at + kRecordHeader_bytes, length};
}

std::string_view trusted_record(const char* at) noexcept {
    return {at + kRecordHeader_bytes, load<uint32_t>(at)};
}

SeqRanges RecordIndex::unreadable() const {
    SeqRanges found;
    for (uint32_t seq = 0; seq < offsets.size(); ++seq) {
        if (offsets[seq] == 0) {
            found.add(seq);
        }
    }
    return found;
}

RecordIndex scan_records(const Uuid& segment, const char* base, size_t bytes, uint32_t expected,
                         uint32_t limit) {
    RecordIndex index;
    index.offsets.reserve(expected);
    RecordKey key = record_key(segment);
    const char* end = base + bytes;
    size_t at = kSegmentHeader_bytes;
    while (at + kRecordHeader_bytes < bytes && index.records() < limit) {
        uint32_t next = index.records();
        auto payload = verified_record(key, base + at, end, next);
        if (!payload.empty()) {
            index.offsets.push_back(static_cast<uint32_t>(at));
            at += record_bytes(payload.size());
            continue;
        }
        // Damage, or the end: look for any later record of this segment. The records in between
        // took at least one header and one word each, which bounds how far seq may have grown.
        size_t probe = at + 8;
        for (; probe + kRecordHeader_bytes < bytes; probe += 8) {
            auto seq = load<uint32_t>(base + probe + kSeqAt);
            if (load<uint32_t>(base + probe + kTagAt) == key.tag && seq > next && seq < limit &&
                seq - next <= (probe - at) / 8 &&
                !verified_record(key, base + probe, end, seq).empty()) {
                index.offsets.resize(seq, 0);
                break;
            }
        }
        if (probe + kRecordHeader_bytes >= bytes) {
            break;
        }
        at = probe;
    }
    if (index.records() < expected) {
        index.offsets.resize(expected, 0);
    }
    return index;
}

}  // namespace coupon
