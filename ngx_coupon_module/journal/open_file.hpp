// Opening files of the journal folder, which belongs to the workers' user while the master and
// couponctl, both often root, use it too: what somebody put there is not waited for or followed.
#pragma once

#include <string>

#include "journal/file_lock.hpp"

namespace coupon {

/// open(2) with O_CLOEXEC and mode 0600, for regular files only: a symbolic link or a FIFO in its
/// place is an error, and never blocks. Nothing on failure, with `errno` set and the sentence in
/// `error`.
UniqueFd open_file(const std::string& path, int flags, std::string& error);

}  // namespace coupon
