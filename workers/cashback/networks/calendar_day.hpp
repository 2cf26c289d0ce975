// Days as networks are asked for them.
#pragma once

#include <cstdint>
#include <string>

#include "cashback/networks/network.hpp"

namespace coupon {

// "2026-11-21" in UTC.
std::string calendar_day(std::int64_t unix_ms);

// The days of a window, with a day more at both ends, whatever the network's clocks show. It never
// ends before tomorrow, so that what is made while it is read belongs to it.
struct CalendarDays {
    std::string first, last;
};
CalendarDays days_of(const NetworkWindow& window, std::int64_t now_ms);

}  // namespace coupon
