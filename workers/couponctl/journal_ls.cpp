#include "couponctl/journal_ls.hpp"

#include <algorithm>
#include <chrono>
#include <iomanip>

#include "couponctl/duration.hpp"
#include "journal/reader.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

const char* state_text(const SegmentInfo& segment) {
    if (segment.sealed != kOpen) {
        return "sealed";
    }
    return segment.owner == OwnerState::alive ? "written to" : "open";
}

const char* owner_text(OwnerState owner) {
    switch (owner) {
        case OwnerState::alive:
            return "alive";
        case OwnerState::dead:
            return "dead";
        case OwnerState::unknown:
            break;
    }
    return "unknown";
}

}  // namespace

void list_journal(const std::string& directory, std::ostream& out) {
    std::string error;
    const auto reader = JournalReader::open(directory, error);
    if (!reader) {
        throw CommandError("journal ls: " + error);
    }
    auto segments = reader->list(false);
    std::sort(segments.begin(), segments.end(), [](const SegmentInfo& a, const SegmentInfo& b) {
        return a.created_ms < b.created_ms;
    });
    const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();

    out << std::left << std::setw(38) << "segment" << std::setw(10) << "kind" << std::setw(16)
        << "edge" << std::right << std::setw(8) << "age" << std::setw(10) << "records"
        << std::setw(12) << "unreadable" << std::setw(10) << "sent"
        << "  state, owner\n";
    std::uint64_t records = 0;
    std::uint64_t unreadable = 0;
    for (const auto& segment : segments) {
        const auto read = reader->read(segment, [](std::uint32_t, std::string_view) {});
        records += read.records;
        unreadable += read.unreadable;
        out << std::left << std::setw(38) << to_string(segment.id) << std::setw(10)
            << kind_name(segment.kind) << std::setw(16) << segment.edge << std::right
            << std::setw(8)
            << (segment.created_ms == 0
                    ? "-"
                    : duration_text(now_ms - static_cast<std::int64_t>(segment.created_ms)))
            << std::setw(10) << read.records << std::setw(12) << read.unreadable << std::setw(10)
            << segment.cursor << "  " << state_text(segment) << ", " << owner_text(segment.owner)
            << (segment.damage.empty() ? "" : "; " + segment.damage)
            << (read.error.empty() ? "" : "; " + read.error) << '\n';
    }
    out << segments.size() << " segments, " << records << " records, " << unreadable
        << " unreadable\n";
}

}  // namespace coupon
