// Any bytes as an inventory that a supplier's URL answers: believed as a whole, or refused with a
// sentence; what is believed fits into its columns and reads back as itself.
#include <nlohmann/json.hpp>
#include <set>

#include "check.hpp"
#include "cron/jobs/inventory.hpp"
#include "operations/shallow_json.hpp"
#include "runtime/amount.hpp"
#include "runtime/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto text = text_of(data, size);
    std::vector<coupon::InventoryItem> items;
    try {
        items = coupon::read_inventory(text);
    } catch (const coupon::CommandError& refusal) {
        check(is_printable(refusal.what()) && *refusal.what() != '\0');
        return 0;
    }
    std::set<std::string> skus;
    auto again = nlohmann::json::array();
    for (const auto& item : items) {
        check(skus.insert(item.sku).second && is_storable(item.sku) && !item.sku.empty());
        check(item.stock >= 0);
        check(!item.price || coupon::parse_major_units(*item.price));
        nlohmann::json object{{"sku", item.sku}, {"stock", item.stock}};
        if (item.price) {
            object["price"] = *item.price;
        }
        if (item.active) {
            object["active"] = *item.active;
        }
        again.push_back(object);
    }
    const auto second = coupon::read_inventory(again.dump());
    check(second.size() == items.size());
    for (size_t at = 0; at < items.size(); ++at) {
        check(second[at].sku == items[at].sku && second[at].stock == items[at].stock &&
              second[at].price == items[at].price && second[at].active == items[at].active);
    }
    return 0;
}
