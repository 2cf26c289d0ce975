// The rows of an archive's file: gzip members of NDJSON, read in parts.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace coupon {

// Calls `visit` with each line of the open file from its beginning, without its end; `path` is for
// messages. Throws CommandError where the file cannot be read, is
// no gzip, or ends within a member.
void read_archive_lines(int fd, const std::string& path,
                        const std::function<void(std::string_view line)>& visit);

}  // namespace coupon
