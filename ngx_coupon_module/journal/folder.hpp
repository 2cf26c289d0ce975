// The names inside a journal folder.
//
//   lock                                          held while files are prepared, adopted, retired
//   segments.map                                  see segment_map.hpp
//   writers/<owner>/lock                          held for the owner's life
//   writers/<owner>/<kind>-<segment>.seg          not settled yet; .new: being prepared
//   settled/<unix ms>-<kind>-<segment>.seg        kept for `keep=`, then written anew
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/uuid.hpp"
#include "journal/file_lock.hpp"
#include "journal/kind.hpp"

namespace coupon {

/// Whoever changes which files exist holds this; blocks, for at most 10 s.
std::optional<FileLock> lock_folder(const std::string& directory, std::string& error);

std::string writers_path(const std::string& directory);
std::string writer_path(const std::string& directory, const Uuid& owner);
std::string settled_path(const std::string& directory);
std::string segment_name(JournalKind kind, const Uuid& segment);
std::string settled_name(uint64_t settled_ms, JournalKind kind, const Uuid& segment);

/// A segment's file, by its name alone.
struct SegmentName {
    std::string path;
    JournalKind kind = JournalKind::clicks;
    Uuid segment;
    Uuid owner;               // writers/ only
    uint64_t settled_ms = 0;  // settled/ only
    uint64_t file_bytes = 0;
    bool unfinished = false;  // .new
};

/// The owners that have a folder, dead or alive.
std::vector<Uuid> list_owners(const std::string& directory);

/// All segments in an owner's folder; names that are not ours are left out.
std::vector<SegmentName> list_writer(const std::string& directory, const Uuid& owner);

/// All settled segments, oldest first.
std::vector<SegmentName> list_settled(const std::string& directory);

enum class OwnerState { alive, dead, unknown };

/// Tries the owner's lock for a moment. unknown: not allowed to look.
OwnerState owner_state(const std::string& directory, const Uuid& owner);

/// mkdir 0700; one that exists is fine.
bool make_folder(const std::string& path, std::string& error);

/// fsync of a folder, so that a rename in it survives power loss.
bool sync_folder(const std::string& path, std::string& error);

}  // namespace coupon
