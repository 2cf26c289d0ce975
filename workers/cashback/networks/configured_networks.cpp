#include "cashback/networks/configured_networks.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "cashback/networks/admitad.hpp"
#include "cashback/networks/cuelinks.hpp"
#include "cashback/networks/vcommission.hpp"
#include "core/url_authority.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

// Each with the variable that says it is there.
struct KnownNetwork {
    std::string_view name;
    const char* credential;
};
constexpr std::array<KnownNetwork, 3> known{{{"admitad", "ADMITAD_CLIENT_ID"},
                                             {"vcommission", "VCOMMISSION_API_KEY"},
                                             {"cuelinks", "CUELINKS_API_KEY"}}};

std::string checked_base_url(const std::string& variable, const std::string& by_default) {
    auto url = base_url(variable, by_default);
    std::string reason;
    if (!split_url(url, reason)) {
        throw ConfigError(variable + " is no http or https URL: " + reason);
    }
    return url;
}

std::string configured_path(const std::string& variable, const std::string& by_default) {
    auto path = environment_value(variable).value_or(by_default);
    if (!path.starts_with('/')) {
        throw ConfigError(variable + " does not begin with a slash");
    }
    return path;
}

// Whether the variable says `other` instead of `usual`.
bool chosen(const std::string& variable, const std::string& usual, const std::string& other) {
    const auto word = environment_value(variable).value_or(usual);
    if (word != usual && word != other) {
        throw ConfigError(variable + " is neither " + usual + " nor " + other);
    }
    return word == other;
}

NetworkState configured_credit_on(const std::string& variable, NetworkState by_default) {
    const auto word = environment_value(variable);
    if (!word) {
        return by_default;
    }
    const auto state = parse_network_state(*word);
    if (!state || *state == NetworkState::pending || *state == NetworkState::rejected) {
        throw ConfigError(variable + " is none of confirmed, payable, paid");
    }
    return *state;
}

std::string configured_currency(const std::string& variable, const std::string& by_default) {
    auto currency = environment_value(variable).value_or(by_default);
    if (currency.size() != 3 || !std::all_of(currency.begin(), currency.end(),
                                             [](char c) { return c >= 'A' && c <= 'Z'; })) {
        throw ConfigError(variable + " is no currency of three capital letters");
    }
    return currency;
}

AdmitadSettings configured_admitad() {
    AdmitadSettings settings;
    settings.account = {checked_base_url("ADMITAD_BASE_URL", "https://api.admitad.com"),
                        required_environment("ADMITAD_CLIENT_ID", "the shop's Admitad application"),
                        required_environment("ADMITAD_CLIENT_SECRET", "that application's secret"),
                        environment_value("ADMITAD_REFRESH_TOKEN").value_or("")};
    settings.subid = environment_value("ADMITAD_SUBID").value_or(settings.subid);
    settings.zone = configured_time_zone("ADMITAD_TZ", "UTC");
    settings.credit_on = configured_credit_on("ADMITAD_CREDIT_ON", settings.credit_on);
    settings.rate = configured_provider_rate("admitad");
    if (!settings.rate) {
        settings.rate = parse_rate_limit("500r/m");
    }
    return settings;
}

VcommissionSettings configured_vcommission() {
    VcommissionSettings settings;
    settings.base_url = checked_base_url("VCOMMISSION_BASE_URL", "https://api.trackier.com");
    settings.path = configured_path("VCOMMISSION_PATH", "/affiliate/conversions");
    settings.api_key = required_environment("VCOMMISSION_API_KEY", "the shop's key at vCommission");
    settings.key_in_query = chosen("VCOMMISSION_AUTH", "header", "query");
    settings.fields = vcommission_fields().with(
        environment_value("VCOMMISSION_FIELDS").value_or(""), "VCOMMISSION_FIELDS");
    settings.zone = configured_time_zone("VCOMMISSION_TZ", "UTC");
    settings.currency = configured_currency("VCOMMISSION_CURRENCY", "INR");
    settings.credit_on = configured_credit_on("VCOMMISSION_CREDIT_ON", settings.credit_on);
    settings.rate = configured_provider_rate("vcommission");
    return settings;
}

CuelinksSettings configured_cuelinks() {
    CuelinksSettings settings;
    settings.base_url = checked_base_url("CUELINKS_BASE_URL", "https://www.cuelinks.com");
    settings.path = configured_path("CUELINKS_PATH", "/api/v2/transactions.json");
    settings.api_key = required_environment("CUELINKS_API_KEY", "the shop's key at CueLinks");
    settings.bearer = chosen("CUELINKS_AUTH", "token", "bearer");
    settings.fields = cuelinks_fields().with(environment_value("CUELINKS_FIELDS").value_or(""),
                                             "CUELINKS_FIELDS");
    settings.zone = configured_time_zone("CUELINKS_TZ", "UTC");
    settings.credit_on = configured_credit_on("CUELINKS_CREDIT_ON", settings.credit_on);
    settings.rate = configured_provider_rate("cuelinks");
    if (!settings.rate) {
        settings.rate = parse_rate_limit("1r/s");
    }
    return settings;
}

std::vector<std::string> configured_names() {
    std::vector<std::string> names;
    const auto list = environment_value("CASHBACK_NETWORKS");
    if (!list) {
        for (const auto& network : known) {
            if (environment_value(network.credential)) {
                names.emplace_back(network.name);
            }
        }
        return names;
    }
    for (std::size_t at = 0; (at = list->find_first_not_of(", ", at)) != std::string::npos;) {
        const auto end = std::min(list->find_first_of(", ", at), list->size());
        auto name = list->substr(at, end - at);
        at = end;
        const bool is_known = std::any_of(
            known.begin(), known.end(), [&](const auto& network) { return network.name == name; });
        if (!is_known || std::find(names.begin(), names.end(), name) != names.end()) {
            throw ConfigError(
                "CASHBACK_NETWORKS: give admitad, vcommission, cuelinks or several of them, by "
                "comma, each once");
        }
        names.push_back(std::move(name));
    }
    return names;
}

}  // namespace

std::vector<std::unique_ptr<AffiliateNetwork>> configured_networks(const std::string& database_url,
                                                                   const RedisAddress& redis,
                                                                   const Log& log) {
    std::vector<std::unique_ptr<AffiliateNetwork>> networks;
    for (const auto& name : configured_names()) {
        if (name == "admitad") {
            networks.push_back(
                std::make_unique<Admitad>(configured_admitad(), database_url, redis, log));
        } else if (name == "vcommission") {
            networks.push_back(std::make_unique<Vcommission>(configured_vcommission(), redis, log));
        } else {
            networks.push_back(std::make_unique<Cuelinks>(configured_cuelinks(), redis, log));
        }
    }
    if (networks.empty()) {
        throw ConfigError(
            "no affiliate network is configured: set ADMITAD_CLIENT_ID and ADMITAD_CLIENT_SECRET, "
            "VCOMMISSION_API_KEY or CUELINKS_API_KEY");
    }
    return networks;
}

}  // namespace coupon
