// How often something may happen for each of many keys: an address, a name, a principal. Safe to
// use from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/gcra.hpp"

namespace coupon {

class RateGate {
  public:
    // Keys that are remembered; beyond them a new key is refused until an old one is forgotten,
    // which is once its allowance is whole again.
    static constexpr std::size_t keys_max = 10'000;

    explicit RateGate(RateLimit limit) : limit_(limit) {}

    // 0: it may happen, and is counted. Otherwise the seconds to wait.
    std::uint32_t wait_s(const std::string& key, std::uint64_t now_ns);

  private:
    const RateLimit limit_;
    std::mutex mutex_;
    std::unordered_map<std::string, std::uint64_t> arrival_ns_;
    std::uint64_t swept_ns_ = 0;
};

}  // namespace coupon
