// How many bytes of webhook bodies one worker holds in memory at a time.
#pragma once

#include <cstddef>

namespace coupon {

class BodyBudget {
public:
    explicit BodyBudget(size_t bytes_max) noexcept : bytes_max_(bytes_max) {}

    bool take(size_t bytes) noexcept {
        if (bytes > bytes_max_ - used_) {
            return false;
        }
        used_ += bytes;
        return true;
    }
    void give_back(size_t bytes) noexcept { used_ -= bytes; }
    size_t used() const noexcept { return used_; }

private:
    size_t bytes_max_;
    size_t used_ = 0;
};

}  // namespace coupon
