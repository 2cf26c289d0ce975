// The first page of a segment file. Read by other builds: change the version with the layout.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/uuid.hpp"
#include "journal/kind.hpp"
#include "journal/record.hpp"

namespace coupon {

inline constexpr uint64_t kSegmentMagic = 0x4745534e50554f43;  // "COUPNSEG"
inline constexpr uint32_t kSegmentVersion = 1;
inline constexpr size_t kEdgeLabel_max = 63;

/// What never changes during a segment's life.
struct SegmentIdentity {
    Uuid id;
    JournalKind kind = JournalKind::clicks;
    uint64_t file_bytes = 0;
    uint64_t created_ms = 0;  // Unix time
    std::string edge;         // a label; cut at 63 bytes
};

/// How far sending has got: all below `cursor` is settled, unreadable, or was sent under `epoch`.
/// One word, so that no crash separates the two.
struct SendProgress {
    uint32_t epoch = 0;  // 0: nothing was sent
    uint32_t cursor = 0;
};

enum class HeaderCheck { good, damaged, foreign_version };

struct SegmentHeader {
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes;
    uint8_t id[16];
    uint32_t kind;
    uint32_t reserved;
    uint64_t file_bytes;
    uint64_t created_ms;
    char edge[kEdgeLabel_max + 1];
    uint32_t crc;  // of everything above
    uint32_t reserved_too;

    // Changed by the owner. In the same disk sector as the above, so that power loss never mixes
    // two lives of a file.
    std::atomic<uint64_t> sealed;           // number of records; UINT64_MAX while written to
    std::atomic<uint64_t> progress;         // SendProgress
    std::atomic<uint64_t> first_record_ms;  // Unix time, 0 until known; about 1 s late

    /// A header for a new life; nothing was written or sent.
    void begin(const SegmentIdentity& identity) noexcept;

    /// Good only for what `begin` of this version wrote. Other versions keep the checked part as it
    /// is here, so that they are told from damage.
    HeaderCheck check() const noexcept;
    /// In `edge`, what no label can have is a '?': a file may hold anything.
    SegmentIdentity identity() const;

    SendProgress load_progress() const noexcept;
    void store_progress(SendProgress next) noexcept;
};

static_assert(sizeof(SegmentHeader) <= 512);

}  // namespace coupon
