#include "email/template_data.hpp"

#include <array>
#include <string_view>
#include <vector>

#include "email/amount_text.hpp"
#include "email/date_text.hpp"
#include "email/mail_rules.hpp"
#include "email/voucher_list.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using nlohmann::json;

struct Aliases {
    std::string_view type;  // empty: of every type
    const char* name;
    std::vector<const char*> others;
};

const std::vector<Aliases>& aliases() {
    static const std::vector<Aliases> all{
        {"", "name", {"full_name", "customer_name", "user_name", "first_name"}},
        {"", "merchant", {"merchant_name", "store_name", "store"}},
        {"", "valid_minutes", {"expires_in_minutes", "expiry_minutes", "validity_minutes"}},
        {"welcome", "verify_url", {"verification_url", "verification_link", "verify_link", "link"}},
        {"otp", "otp", {"code", "otp_code"}},
        {"order_confirmation", "vouchers", {"voucher_codes", "codes"}},
        {"order_confirmation", "total_amount", {"amount", "total"}},
        {"order_confirmation", "order_number", {"order_id"}},
        {"order_failed", "total_amount", {"amount", "total"}},
        {"order_failed", "order_number", {"order_id"}},
        {"order_failed", "reason", {"failure_reason"}},
        {"cashback_credited", "amount", {"cashback_amount"}},
        {"cashback_pending", "amount", {"cashback_amount"}},
        {"withdrawal_processed", "amount", {"withdrawal_amount"}},
        {"withdrawal_processed", "utr", {"utr_number"}},
        {"password_reset", "reset_url", {"password_reset_url", "reset_link", "link"}},
    };
    return all;
}

constexpr std::array amounts{"amount", "total_amount", "wallet_balance"};
constexpr std::array dates{"expected_date"};

bool is_blank(const json& value) {
    return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty());
}

void rename(const std::string& type, json& data) {
    for (const auto& alias : aliases()) {
        if ((!alias.type.empty() && alias.type != type) ||
            (data.contains(alias.name) && !is_blank(data[alias.name]))) {
            continue;
        }
        for (const auto* other : alias.others) {
            if (data.contains(other) && !is_blank(data[other])) {
                data[alias.name] = data[other];
                break;
            }
        }
    }
}

std::string upper_case(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') {
            c = static_cast<char>(c - 'a' + 'A');
        }
    }
    return text;
}

std::string currency_of(const json& data, const TemplateDefaults& defaults) {
    const auto given = data.find("currency");
    if (given == data.end() || is_blank(*given)) {
        return defaults.currency;
    }
    return given->is_string() ? upper_case(given->get<std::string>()) : "";
}

}  // namespace

json template_data(const std::string& type, const json& data, const TemplateDefaults& defaults) {
    if (!data.is_object()) {
        throw PermanentFailure("data is no JSON object");
    }
    auto seen = data;
    seen.erase("has_vouchers");  // ours alone
    rename(type, seen);
    const auto currency = currency_of(seen, defaults);
    for (const auto* name : amounts) {
        if (seen.contains(name) && !is_blank(seen[name])) {
            seen[name] = amount_text(name, seen[name], currency);
        }
    }
    for (const auto* name : dates) {
        if (seen.contains(name) && !is_blank(seen[name])) {
            seen[name] = date_text(seen[name]);
        }
    }
    if (seen.contains("name") && seen["name"].is_string()) {
        const auto name = seen["name"].get<std::string>();
        if (const auto fault = name_fault(name.substr(0, name_max_bytes)); !fault.empty()) {
            throw PermanentFailure("name " + fault);
        }
        if (name.size() > name_max_bytes || !is_plain_name(name)) {
            seen["name"] = nullptr;
        }
    }
    if (seen.contains("vouchers")) {
        seen["vouchers"] = voucher_list(seen["vouchers"]);
        seen["has_vouchers"] = !seen["vouchers"].empty();
    }
    seen["shop_name"] = defaults.shop_name;
    seen["shop_url"] = defaults.shop_url;
    seen["year"] = std::to_string(defaults.year);
    return seen;
}

}  // namespace coupon
