// Files that others read: they stand as a whole or not at all.
#pragma once

#include <string>
#include <string_view>

namespace coupon {

// Writes beside it, syncs, renames and syncs the folder. Throws CommandError with path and cause.
void replace_file(const std::string& path, std::string_view content);

// Throws CommandError.
void write_all(int fd, std::string_view content, const std::string& path);

// What was renamed or made in the folder is on disk when this returns. Throws CommandError.
void sync_folder(const std::string& folder);

// "cannot write /srv/…: No space left on device", from errno.
[[noreturn]] void fail_file(const std::string& doing, const std::string& path);

}  // namespace coupon
