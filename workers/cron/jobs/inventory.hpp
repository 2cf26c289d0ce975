// An inventory as its source tells it: a JSON array of {"sku","stock","price"?,"active"?}.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

struct InventoryItem {
    std::string sku;
    std::int64_t stock = 0;
    std::optional<std::string> price;  // major units, exact
    std::optional<bool> active;
};

// Throws CommandError, which names the item, where any of it is not as said above: an inventory
// that cannot be believed in part is not believed at all.
std::vector<InventoryItem> read_inventory(std::string_view json);

}  // namespace coupon
