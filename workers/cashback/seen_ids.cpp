#include "cashback/seen_ids.hpp"

#include <cstdint>
#include <functional>

namespace coupon {
namespace {

// 2 MiB: a million ids leave about one of 400 in doubt.
constexpr std::size_t bits = std::size_t{1} << 24;
constexpr int probes = 4;

}  // namespace

bool SeenIds::add(std::string_view id) {
    bits_.resize(bits);
    const std::size_t hash = std::hash<std::string_view>{}(id);
    const std::size_t step = (hash >> 32) | 1;
    bool is_new = false;
    for (std::size_t probe = 0; probe < probes; ++probe) {
        auto bit = bits_[(hash + probe * step) % bits];
        is_new = is_new || !bit;
        bit = true;
    }
    return is_new;
}

}  // namespace coupon
