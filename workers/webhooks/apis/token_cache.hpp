// An access token shared by threads: asked for once, used until half of its life is over.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>

namespace coupon {

struct AccessToken {
    std::string value;
    std::chrono::seconds life{0};
};

class TokenCache {
  public:
    // `grant` asks the provider; what it throws passes through.
    std::string get(const std::function<AccessToken()>& grant) {
        const std::lock_guard lock(mutex_);
        if (value_.empty() || std::chrono::steady_clock::now() >= until_) {
            auto token = grant();
            value_ = std::move(token.value);
            // A provider may promise a life that no clock can count to.
            until_ = std::chrono::steady_clock::now() + std::min(token.life, life_max) / 2;
        }
        return value_;
    }

    // The provider refused it.
    void forget(const std::string& value) {
        const std::lock_guard lock(mutex_);
        if (value_ == value) {
            value_.clear();
        }
    }

  private:
    static constexpr std::chrono::seconds life_max = std::chrono::hours(24);

    std::mutex mutex_;
    std::string value_;
    std::chrono::steady_clock::time_point until_{};
};

}  // namespace coupon
