// Keeps the partitions of offer_clicks three months ahead: at the start and once a day.
#pragma once

#include <chrono>
#include <string>

#include "runtime/log.hpp"

namespace coupon {

class PartitionKeeper {
  public:
    PartitionKeeper(std::string database_url, const Log& log)
        : database_url_(std::move(database_url)), log_(log) {}

    // Does its work when it is due. A failure is logged and tried again after a minute: until then
    // the default partition takes what has no other.
    void keep();

  private:
    std::string database_url_;
    const Log& log_;
    std::chrono::steady_clock::time_point due_{};
};

}  // namespace coupon
