// What Redis must be like: it carries what is on its way, and must drop none of it by itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "couponctl/doctor/judges/finding.hpp"

namespace coupon::doctor {

struct RedisFacts {
    std::string where;                         // never the password
    std::string failure;                       // why it could not be asked; empty: it answered
    std::map<std::string, std::string> info;   // INFO, by name
    std::optional<std::string> save;           // CONFIG GET save; nothing where that is not allowed
    std::int64_t latency_us = 0;               // of a PING, the median
};

Findings judge_redis(const RedisFacts& facts);

}  // namespace coupon::doctor
