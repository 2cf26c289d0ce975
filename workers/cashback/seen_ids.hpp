// Which ids a run has met, in a fixed amount of memory: a Bloom filter. It may take a new id for a
// known one, but hardly ever a whole page of them.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace coupon {

class SeenIds {
  public:
    // Whether the id is new, as far as that can be told.
    bool add(std::string_view id);

  private:
    std::vector<bool> bits_;
};

}  // namespace coupon
