#include "couponctl/doctor/judges/clock.hpp"

#include <algorithm>
#include <cstdlib>

namespace coupon::doctor {
namespace {

constexpr std::int64_t apart_warning_us = 100'000;
constexpr std::int64_t apart_problem_us = 1'000'000;
constexpr std::int64_t step_us = 50'000;
constexpr const char* synchronise = "timedatectl set-ntp true (or chrony) on both machines";

std::string ms_text(std::int64_t us) {
    return std::to_string((std::abs(us) + 500) / 1000) + " ms";
}

}  // namespace

Findings judge_clock(const ClockFacts& facts) {
    Notes notes("Clock", "this machine");
    for (const auto& other : facts.others) {
        const auto apart = std::max<std::int64_t>(std::abs(other.ahead_us) - other.within_us, 0);
        const auto what = other.whose + "'s clock is " + ms_text(other.ahead_us) +
                          (other.ahead_us < 0 ? " behind" : " ahead") + " (± " +
                          ms_text(other.within_us) + ")";
        if (apart >= apart_problem_us) {
            notes.problem(what, synchronise, other.whose);
        } else if (apart >= apart_warning_us) {
            notes.warn(what, synchronise, other.whose);
        } else {
            notes.fine(what, other.whose);
        }
    }
    if (facts.synchronised && !*facts.synchronised) {
        notes.warn("the clock is not synchronised", "timedatectl set-ntp true, or run chrony");
    } else if (facts.synchronised) {
        notes.fine("the clock is synchronised");
    }
    if (std::abs(facts.stepped_us) >= step_us) {
        notes.warn("the clock was set by " + ms_text(facts.stepped_us) + " while it was looked at",
                   "let one service alone set it (timedatectl status; a hypervisor's agent?)");
    }
    if (facts.zone_failure.empty()) {
        notes.fine("the time zone " + facts.zone + " is known", "COUPON_TZ");
    } else {
        notes.problem(facts.zone_failure, "apt install tzdata, or set COUPON_TZ to Asia/Kolkata",
                      "COUPON_TZ");
    }
    return notes.take();
}

}  // namespace coupon::doctor
