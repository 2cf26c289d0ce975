#include "catalog/shared_lock.hpp"

#include <cerrno>
#include <ctime>
#include <system_error>

namespace coupon {
namespace {

void check(int error) {
    if (error != 0) {
        throw std::system_error(error, std::generic_category(), "cannot make a shared lock");
    }
}

timespec monotonic_in(unsigned ms) noexcept {
    timespec at{};
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += static_cast<long>(ms % 1000) * 1'000'000;
    if (at.tv_nsec >= 1'000'000'000) {
        at.tv_sec += 1;
        at.tv_nsec -= 1'000'000'000;
    }
    return at;
}

}  // namespace

void make_shared_lock(pthread_mutex_t& lock) {
    pthread_mutexattr_t attributes;
    check(pthread_mutexattr_init(&attributes));
    check(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
    check(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
    check(pthread_mutex_init(&lock, &attributes));
    check(pthread_mutexattr_destroy(&attributes));
}

SharedLock::SharedLock(pthread_mutex_t& lock, unsigned timeout_ms) noexcept : lock_(lock) {
    int error = pthread_mutex_trylock(&lock_);
    if (error == EBUSY) {
        const timespec deadline = monotonic_in(timeout_ms);
        error = pthread_mutex_clocklock(&lock_, CLOCK_MONOTONIC, &deadline);
    }
    if (error == EOWNERDEAD) {
        pthread_mutex_consistent(&lock_);
        error = 0;
    }
    held_ = error == 0;
}

SharedLock::~SharedLock() {
    if (held_) {
        pthread_mutex_unlock(&lock_);
    }
}

}  // namespace coupon
