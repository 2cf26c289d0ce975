// Disk space and pages that are there before they are stored to: no store into a mapping may hit a
// hole, which would be slow, or SIGBUS on a full disk.
#pragma once

#include <cstddef>
#include <string>

namespace coupon {

/// Reserves the first `bytes` on disk; the content stays. False: `error` says why, e.g. disk full.
bool allocate_file(int fd, const std::string& path, size_t bytes, std::string& error);

/// Makes every page of a shared, writable mapping present and writable; blocks. Failure is an
/// error text, never a signal.
bool prefault_for_writing(void* memory, size_t bytes, const std::string& path, std::string& error);

}  // namespace coupon
