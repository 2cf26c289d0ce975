// A lock in shared memory that the kernel hands on when its owner dies. What it guards must
// therefore be usable, or tell that it needs repair, after a death at any point.
#pragma once

#include <pthread.h>

namespace coupon {

// Makes the lock ready for use by several processes. Throws std::system_error.
void make_shared_lock(pthread_mutex_t& lock);

// Holds the lock for a scope. Waits at most timeout_ms, so that a stopped owner cannot
// stop anybody else; held() tells whether it was taken.
class SharedLock {
  public:
    SharedLock(pthread_mutex_t& lock, unsigned timeout_ms) noexcept;
    ~SharedLock();
    SharedLock(const SharedLock&) = delete;
    SharedLock& operator=(const SharedLock&) = delete;

    bool held() const noexcept { return held_; }

  private:
    pthread_mutex_t& lock_;
    bool held_ = false;
};

}  // namespace coupon
