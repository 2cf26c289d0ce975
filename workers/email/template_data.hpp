// What a template sees of a message's data: producers write it in several shapes and under several
// names; this is the one place that knows them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace coupon {

// The variables that every template has, and what stands in for data that a producer leaves out.
struct TemplateDefaults {
    std::string shop_name;
    std::string shop_url;  // may be empty
    std::string currency;  // ISO 4217
    int year = 0;
};

// An object with the names of the templates' documentation: other names are read as those
// (`aliases` of the type), amounts are texts with their currency, dates are "31 Dec 2026", vouchers
// are a list of {code, pin, product, expires_at}. Throws PermanentFailure that names what it cannot
// read.
nlohmann::json template_data(const std::string& type, const nlohmann::json& data,
                             const TemplateDefaults& defaults);

}  // namespace coupon
