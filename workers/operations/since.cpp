#include "operations/since.hpp"

#include <algorithm>

namespace coupon {
namespace {

std::string interval_of(const std::string& text) {
    const auto digits = text.substr(0, text.size() - 1);
    if (digits.empty() || digits.size() > 6 ||
        !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return {};
    }
    switch (text.back()) {
        case 's':
            return digits + " seconds";
        case 'm':
            return digits + " minutes";
        case 'h':
            return digits + " hours";
        case 'd':
            return digits + " days";
        default:
            return {};
    }
}

}  // namespace

Since parse_since(const std::string& text) {
    if (text.empty()) {
        return {};
    }
    if (auto interval = interval_of(text); !interval.empty()) {
        return {std::move(interval), std::nullopt};
    }
    return {std::nullopt, text};
}

}  // namespace coupon
