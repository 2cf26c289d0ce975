#include "journal/segment_header.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/crc32c.hpp"
#include "journal/segment_map.hpp"

namespace coupon {

namespace {

// A label from a file goes into PostgreSQL and onto terminals: nothing but what an edge id may have.
char label_char(char c) noexcept {
    bool usual = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '_' || c == '.';
    return usual ? c : '?';
}

}  // namespace

void SegmentHeader::begin(const SegmentIdentity& identity) noexcept {
    magic = kSegmentMagic;
    version = kSegmentVersion;
    header_bytes = kSegmentHeader_bytes;
    std::memcpy(id, identity.id.bytes.data(), sizeof id);
    kind = static_cast<uint32_t>(identity.kind);
    reserved = 0;
    file_bytes = identity.file_bytes;
    created_ms = identity.created_ms;
    std::memset(edge, 0, sizeof edge);
    std::memcpy(edge, identity.edge.data(), std::min(identity.edge.size(), kEdgeLabel_max));
    crc = crc32c(0, this, offsetof(SegmentHeader, crc));
    reserved_too = 0;
    sealed.store(kOpen, std::memory_order_relaxed);
    progress.store(0, std::memory_order_relaxed);
    first_record_ms.store(0, std::memory_order_relaxed);
}

HeaderCheck SegmentHeader::check() const noexcept {
    if (magic != kSegmentMagic || crc != crc32c(0, this, offsetof(SegmentHeader, crc))) {
        return HeaderCheck::damaged;
    }
    return version == kSegmentVersion ? HeaderCheck::good : HeaderCheck::foreign_version;
}

SegmentIdentity SegmentHeader::identity() const {
    SegmentIdentity identity;
    std::memcpy(identity.id.bytes.data(), id, sizeof id);
    identity.kind = static_cast<JournalKind>(kind);
    identity.file_bytes = file_bytes;
    identity.created_ms = created_ms;
    identity.edge.assign(edge, strnlen(edge, sizeof edge));
    std::transform(identity.edge.begin(), identity.edge.end(), identity.edge.begin(), label_char);
    return identity;
}

SendProgress SegmentHeader::load_progress() const noexcept {
    uint64_t word = progress.load(std::memory_order_acquire);
    return {static_cast<uint32_t>(word >> 32), static_cast<uint32_t>(word)};
}

void SegmentHeader::store_progress(SendProgress next) noexcept {
    progress.store(uint64_t{next.epoch} << 32 | next.cursor, std::memory_order_release);
}

}  // namespace coupon
