// The affiliate networks that the environment names.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cashback/networks/network.hpp"
#include "runtime/log.hpp"
#include "runtime/redis_address.hpp"

namespace coupon {

// CASHBACK_NETWORKS, or those whose credentials are set. Nothing is called or connected to yet;
// `log` must outlive them. Throws ConfigError, which names the variable, also where there is none.
std::vector<std::unique_ptr<AffiliateNetwork>> configured_networks(const std::string& database_url,
                                                                   const RedisAddress& redis,
                                                                   const Log& log);

}  // namespace coupon
