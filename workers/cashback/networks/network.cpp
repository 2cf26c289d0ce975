#include "cashback/networks/network.hpp"

#include <array>

namespace coupon {
namespace {

// In the order of NetworkState.
constexpr std::array<std::string_view, 5> words{"pending", "confirmed", "payable", "paid",
                                                "rejected"};

}  // namespace

std::string_view state_word(NetworkState state) noexcept {
    return words[static_cast<std::size_t>(state)];
}

std::optional<NetworkState> parse_network_state(std::string_view word) noexcept {
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == word) {
            return static_cast<NetworkState>(i);
        }
    }
    return std::nullopt;
}

}  // namespace coupon
