#include "couponctl/cashback_trace.hpp"

#include "couponctl/cashback_facts.hpp"
#include "couponctl/cashback_key.hpp"
#include "couponctl/settings.hpp"
#include "runtime/error.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

using nlohmann::ordered_json;

constexpr int deadline_ms = 60'000;

std::string shown(const ordered_json& value) {
    return storable_text(value.is_string() ? value.get<std::string>() : value.dump());
}

// A member a line.
void show_object(const ordered_json& object, std::ostream& out) {
    for (const auto& [name, value] : object.items()) {
        if (!value.is_null()) {
            out << "    " << name << ": " << shown(value) << '\n';
        }
    }
}

// An element a line, its time first.
void show_list(const ordered_json& list, std::ostream& out) {
    for (const auto& element : list) {
        out << "   ";
        for (const auto& [name, value] : element.items()) {
            if (!value.is_null()) {
                out << ' ' << (name == "at" ? "" : name + "=") << shown(value);
            }
        }
        out << '\n';
    }
}

void show(const ordered_json& facts, std::ostream& out) {
    for (const auto& [name, value] : facts.items()) {
        if (name == "where") {
            out << shown(value) << '\n';
        } else if (value.is_object()) {
            out << "  " << name << '\n';
            show_object(value, out);
        } else if (value.is_array() && !value.empty()) {
            out << "  " << name << '\n';
            show_list(value, out);
        }
    }
}

}  // namespace

void trace_cashback(const std::string& key, bool as_json, std::ostream& out) {
    auto pg = configured_postgres(deadline_ms);
    const auto found = find_purchases(pg, key);
    if (found.transactions.empty() && found.clicks.empty()) {
        throw CommandError(
            "cashback trace: no click, order, user or transaction with a purchase is known as " +
            storable_text(key));
    }
    auto purchases = ordered_json::array();
    for (const auto& id : found.transactions) {
        purchases.push_back(facts_of_transaction(pg, id));
    }
    for (const auto& click : found.clicks) {
        purchases.push_back(facts_of_click(pg, click));
    }
    if (as_json) {
        out << ordered_json{{"key", key}, {"purchases", purchases}, {"more", found.more}}.dump(
                   2, ' ', true, ordered_json::error_handler_t::replace)
            << '\n';
        return;
    }
    for (const auto& facts : purchases) {
        show(facts, out);
        out << (&facts == &purchases.back() ? "" : "\n");
    }
    if (found.more) {
        out << "there are more; trace one of them by <network>:<transaction>\n";
    }
}

}  // namespace coupon
