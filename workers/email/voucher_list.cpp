#include "email/voucher_list.hpp"

#include <initializer_list>

#include "email/date_text.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using nlohmann::json;

constexpr std::size_t vouchers_max = 1000;

// The first of the members that says something, as a text; empty where none does.
std::string member(const json& voucher, std::initializer_list<const char*> names) {
    for (const auto* name : names) {
        const auto value = voucher.find(name);
        if (value == voucher.end()) {
            continue;
        }
        if (value->is_string() && !value->get_ref<const std::string&>().empty()) {
            return value->get<std::string>();
        }
        if (value->is_number()) {
            return value->dump();
        }
    }
    return {};
}

json text_or_null(const std::string& text) {
    return text.empty() ? json() : json(text);
}

json one_voucher(const json& given, const std::string& where) {
    json voucher{
        {"code", nullptr}, {"pin", nullptr}, {"product", nullptr}, {"expires_at", nullptr}};
    if (given.is_object()) {
        voucher["code"] = text_or_null(member(given, {"code", "voucher_code"}));
        voucher["pin"] = text_or_null(member(given, {"pin", "voucher_pin"}));
        voucher["product"] = text_or_null(member(given, {"product", "product_name", "name"}));
        const auto expires = member(given, {"expires_at", "expiry_date", "expiry", "valid_until"});
        voucher["expires_at"] = text_or_null(date_text(expires));
    } else if (given.is_string()) {
        voucher["code"] = text_or_null(given.get<std::string>());
    } else if (given.is_number()) {
        voucher["code"] = given.dump();
    }
    if (voucher["code"].is_null()) {
        throw PermanentFailure(where + " has no code");
    }
    return voucher;
}

}  // namespace

json voucher_list(const json& given) {
    auto list = json::array();
    if (given.is_null()) {
        return list;
    }
    if (!given.is_array()) {
        list.push_back(one_voucher(given, "vouchers"));
        return list;
    }
    if (given.size() > vouchers_max) {
        throw PermanentFailure("vouchers are more than " + std::to_string(vouchers_max));
    }
    for (const auto& element : given) {
        if (!element.is_null()) {
            list.push_back(one_voucher(element, "vouchers[" + std::to_string(list.size()) + "]"));
        }
    }
    return list;
}

}  // namespace coupon
