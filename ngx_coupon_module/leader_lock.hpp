// Which worker does what only one may do. Bytes of one small file are locked (open file description
// locks of Linux): the kernel lets go when the holder dies, in whatever way.
#pragma once

#include "journal/file_lock.hpp"

#include <cstdint>
#include <string>

namespace coupon {

class LeaderLock {
public:
    // What is led: the accounts of one journal folder, or the catalogue of one master's zone. While
    // a binary upgrade runs there are two masters, each with a zone of its own, and one journal.
    static constexpr uint64_t kJournal = 0;
    static uint64_t catalog_of_master(int master_pid) noexcept { return static_cast<uint64_t>(master_pid); }

    LeaderLock(const std::string& path, uint64_t subject) noexcept : path_(path), subject_(subject) {}

    // One attempt, without waiting. True when it is held, also from before. Where the file cannot be
    // used, `error` says why; it is empty while another holds the lock.
    bool try_take(std::string& error);
    bool held() const noexcept { return static_cast<bool>(fd_); }
    void release() noexcept { fd_ = UniqueFd(); }

private:
    std::string path_;
    uint64_t subject_;
    UniqueFd fd_;
};

}  // namespace coupon
