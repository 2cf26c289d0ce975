// What only shows when a location with coupon_webhook was read as a whole.
#include "webhook_directives.hpp"

#include "core/base64.hpp"
#include "journal/segment_header.hpp"

#include <algorithm>

namespace coupon {
namespace {

// Beside the body a record holds the headers, the query and the fields.
constexpr uint64_t kBesideBody_bytes = 16 << 10;

bool complain(ngx_conf_t* cf, const DirectivePlace& place, const std::string& problem) {
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "\"%s\": %s in %s:%ui", place.directive, problem.c_str(),
                  place.file.c_str(), place.line);
    return false;
}

const DirectivePlace* place_of(const WebhookConf& webhook, std::string_view directive) {
    const auto found = std::find_if(webhook.places.begin(), webhook.places.end(),
                                    [&](const DirectivePlace& place) { return place.directive == directive; });
    return found == webhook.places.end() ? nullptr : &*found;
}

// A directive is there where the provider needs it, and nowhere else.
bool check_need(ngx_conf_t* cf, const WebhookConf& webhook, const char* directive, bool needed, bool taken) {
    const DirectivePlace* place = place_of(webhook, directive);
    const std::string name(webhook.provider->name);
    if (needed && place == nullptr) {
        return complain(cf, webhook.places.front(), name + " needs " + directive + " in its location");
    }
    if (!taken && place != nullptr) {
        return complain(cf, *place, "is of no use to " + name);
    }
    return true;
}

bool check_secrets(ngx_conf_t* cf, const WebhookProvider& provider, const std::vector<WebhookSecret>& secrets,
                   const std::vector<DirectivePlace>& places) {
    for (size_t i = 0; i < secrets.size(); ++i) {
        if (secrets[i].value.size() < provider.secret_min_bytes) {
            return complain(cf, places[i], "needs at least " + std::to_string(provider.secret_min_bytes) +
                                               " bytes for " + std::string(provider.name));
        }
        if (!secrets[i].index.empty() && !provider.takes_index) {
            return complain(cf, places[i], "index= is of no use to " + std::string(provider.name));
        }
        if (const std::string problem = provider.check_secret(secrets[i]); !problem.empty()) {
            return complain(cf, places[i], problem);
        }
    }
    return true;
}

bool check_tokens(ngx_conf_t* cf, const WebhookConf& webhook) {
    std::vector<WebhookSecret> tokens;
    for (const std::string& token : webhook.settings.tokens) {
        tokens.push_back({token, {}});
    }
    if (!check_secrets(cf, *webhook.provider, tokens, webhook.token_places)) {
        return false;
    }
    // The location's name is in every record.
    for (size_t i = 0; i < tokens.size(); ++i) {
        if (webhook.location.find(tokens[i].value) != std::string::npos) {
            return complain(cf, webhook.token_places[i], "must not be part of the location's name: end it before the token");
        }
    }
    return true;
}

uint64_t largest_body(const JournalConf& journal) {
    const uint64_t taken = kSegmentHeader_bytes + kRecordHeader_bytes + kBesideBody_bytes;
    return (journal.segment_bytes - taken) / 4 * 3;
}

// The module refuses large bodies itself, so that they are counted.
bool take_body_limit(ngx_conf_t* cf, WebhookConf& webhook) {
    auto* core = static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    MainConf& main = main_conf(cf);
    const uint64_t largest = largest_body(*main.journal);
    if (core->client_max_body_size == 0 || static_cast<uint64_t>(core->client_max_body_size) > largest) {
        return complain(cf, webhook.places.front(),
                        "needs a client_max_body_size of at most " + std::to_string(largest) +
                            " bytes: a larger body fits into no segment of coupon_journal; lower it or raise segment=");
    }
    webhook.body_max_bytes = static_cast<uint64_t>(core->client_max_body_size);
    core->client_max_body_size = 0;
    main.webhook_body_max_bytes = std::max(main.webhook_body_max_bytes, webhook.body_max_bytes);
    return true;
}

}  // namespace

bool check_webhook(ngx_conf_t* cf, LocationConf& location) {
    WebhookConf& webhook = *location.webhook;
    if (webhook.provider == nullptr) {
        return complain(cf, webhook.places.front(), "needs coupon_webhook in the same location");
    }
    const WebhookProvider& provider = *webhook.provider;
    // Stable, and the provider's own place first.
    std::stable_partition(webhook.places.begin(), webhook.places.end(),
                          [](const DirectivePlace& place) { return std::string_view(place.directive) == "coupon_webhook"; });
    if (location.redirect == 1) {
        return complain(cf, webhook.places.front(), "cannot be in one location with coupon_redirect");
    }
    webhook.settings.click_keys = main_conf(cf).click_keys;
    webhook.evidence_headers = evidence_headers(provider, webhook.settings);
    const bool signs_time = provider.signs_time ||
                            (provider.takes_arguments && !webhook.settings.hmac.time_header.empty());
    return check_need(cf, webhook, "coupon_webhook_secret", provider.needs_secret, provider.needs_secret) &&
           check_need(cf, webhook, "coupon_webhook_token", provider.needs_token, provider.needs_token) &&
           check_need(cf, webhook, "coupon_webhook_topic", provider.needs_topic, provider.needs_topic) &&
           check_need(cf, webhook, "coupon_webhook_url", provider.needs_url, provider.needs_url) &&
           check_need(cf, webhook, "coupon_webhook_map", false, provider.takes_map) &&
           check_need(cf, webhook, "coupon_webhook_tolerance", false, signs_time) &&
           check_secrets(cf, provider, webhook.settings.secrets, webhook.secret_places) && check_tokens(cf, webhook) &&
           take_body_limit(cf, webhook);
}

}  // namespace coupon
