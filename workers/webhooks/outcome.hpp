// What became of a webhook, as webhook_logs.outcome has it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coupon {

// The later one stands for a webhook whose events came to different ends.
enum class Outcome : std::uint8_t {
    ignored,
    duplicate,
    no_change,
    hint,
    applied,
    refused,
    review,
    conflict,
};

constexpr std::string_view outcome_name(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::ignored:
            return "ignored";
        case Outcome::duplicate:
            return "duplicate";
        case Outcome::no_change:
            return "no-change";
        case Outcome::hint:
            return "hint";
        case Outcome::applied:
            return "applied";
        case Outcome::refused:
            return "refused";
        case Outcome::review:
            return "review";
        case Outcome::conflict:
            return "conflict";
    }
    return "";
}

struct EventResult {
    Outcome outcome = Outcome::ignored;
    std::string reason;
};

}  // namespace coupon
