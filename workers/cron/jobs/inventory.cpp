#include "cron/jobs/inventory.hpp"

#include <charconv>
#include <unordered_set>

#include "runtime/amount.hpp"
#include "runtime/error.hpp"
#include "runtime/exact_json.hpp"

namespace coupon {
namespace {

constexpr std::size_t sku_bytes_max = 200;
constexpr std::int64_t stock_max = 1'000'000'000;

[[noreturn]] void refuse(std::size_t number, const std::string& what) {
    throw CommandError("the inventory cannot be used: item " + std::to_string(number) + " " + what);
}

std::int64_t read_stock(const std::string& text, std::size_t number) {
    std::int64_t stock = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, stock);
    if (error != std::errc() || stopped != end || stock < 0 || stock > stock_max) {
        refuse(number, "has no whole \"stock\" from 0 to 1000000000");
    }
    return stock;
}

InventoryItem read_item(const nlohmann::json& json, std::size_t number) {
    InventoryItem item;
    item.sku = text_at(json, {"sku"});
    if (item.sku.empty() || item.sku.size() > sku_bytes_max ||
        item.sku.find('\0') != std::string::npos) {
        refuse(number, "has no \"sku\" of 1 to 200 bytes");
    }
    item.stock = read_stock(text_at(json, {"stock"}), number);
    if (const auto price = text_at(json, {"price"}); !price.empty()) {
        const auto paise = parse_major_units(price);
        if (!paise) {
            refuse(number, "has a \"price\" that is no amount like 499 or 499.50");
        }
        item.price = major_units(*paise);
    }
    if (const auto active = json.find("active"); active != json.end() && !active->is_null()) {
        if (!active->is_boolean()) {
            refuse(number, "has an \"active\" that is neither true nor false");
        }
        item.active = active->get<bool>();
    }
    return item;
}

}  // namespace

std::vector<InventoryItem> read_inventory(std::string_view json) {
    const auto list = read_exact_json(json);
    if (!list || !list->is_array()) {
        throw CommandError("the inventory cannot be used: it is no JSON array");
    }
    std::vector<InventoryItem> items;
    std::unordered_set<std::string> skus;
    for (const auto& entry : *list) {
        const auto number = items.size() + 1;
        if (!entry.is_object()) {
            refuse(number, "is no object");
        }
        items.push_back(read_item(entry, number));
        if (!skus.insert(items.back().sku).second) {
            refuse(number, "has the \"sku\" of one before it");
        }
    }
    return items;
}

}  // namespace coupon
