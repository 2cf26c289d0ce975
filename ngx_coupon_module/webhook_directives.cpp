#include "webhook_directives.hpp"

#include "directive_words.hpp"
#include "pages.hpp"
#include "secret.hpp"

#include <algorithm>
#include <cctype>

namespace coupon {
namespace {

WebhookConf& webhook_of(void* conf) {
    auto& location = *static_cast<LocationConf*>(conf);
    if (!location.webhook) {
        location.webhook = std::make_shared<WebhookConf>();
    }
    return *location.webhook;
}

DirectivePlace place_of(const ngx_conf_t* cf, const ngx_command_t* command) {
    return {reinterpret_cast<const char*>(command->name.data), std::string(view(cf->conf_file->file.name)),
            cf->conf_file->line};
}

// Null: the directive stands here for the first time.
const DirectivePlace* find_place(const WebhookConf& webhook, std::string_view directive) {
    const auto found = std::find_if(webhook.places.begin(), webhook.places.end(),
                                    [&](const DirectivePlace& place) { return place.directive == directive; });
    return found == webhook.places.end() ? nullptr : &*found;
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

// With a host, and without a fragment, which no provider sends.
bool is_http_url(std::string_view url) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (url.starts_with(scheme)) {
            const auto rest = url.substr(scheme.size());
            return !rest.empty() && rest[0] != '/' && is_printable(rest) && rest.find('#') == std::string_view::npos;
        }
    }
    return false;
}

std::string names_of_providers() {
    std::string names;
    for (const WebhookProvider& provider : webhook_providers()) {
        names.append(names.empty() ? "" : ", ").append(provider.name);
    }
    return names;
}

char* read_secrets(ngx_conf_t* cf, const ngx_command_t* command, std::vector<std::string>& values,
                   std::vector<DirectivePlace>& places) {
    SecretResult secret = read_secret(cf, word(cf, 1), SecretSplit::lines);
    if (secret.values.empty()) {
        return refuse(cf, secret.error);
    }
    values = std::move(secret.values);
    places.insert(places.end(), values.size(), place_of(cf, command));
    return NGX_CONF_OK;
}

}  // namespace

char* set_webhook(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    WebhookConf& webhook = webhook_of(conf);
    if (webhook.provider != nullptr) {
        return const_cast<char*>("is duplicate");
    }
    const WebhookProvider* provider = find_webhook_provider(word(cf, 1));
    if (provider == nullptr) {
        return refuse(cf, "knows the providers " + names_of_providers() + ", not", word(cf, 1));
    }
    if (!provider->takes_arguments && cf->args->nelts > 2) {
        return refuse(cf, std::string(provider->name) + " takes no arguments:", word(cf, 2));
    }
    if (provider->takes_arguments) {
        std::vector<std::string_view> words;
        for (ngx_uint_t i = 2; i < cf->args->nelts; ++i) {
            words.push_back(word(cf, i));
        }
        std::string error;
        if (!parse_hmac_scheme(words, webhook.settings.hmac, error)) {
            return refuse(cf, error);
        }
    }
    webhook.provider = provider;
    webhook.provider_index = static_cast<size_t>(provider - webhook_providers().data());
    webhook.places.push_back(place_of(cf, command));
    auto* core = static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    core->handler = guarded<coupon::webhook>;
    webhook.location = view(core->name);
    main_conf(cf).webhooks = true;
    return NGX_CONF_OK;
}

char* set_webhook_secret(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    WebhookConf& webhook = webhook_of(conf);
    std::string index;
    if (cf->args->nelts > 2) {
        constexpr size_t kLongestIndex = 9;
        const auto text = option(word(cf, 2), "index");
        if (!text || text->empty() || text->size() > kLongestIndex ||
            !std::all_of(text->begin(), text->end(), [](unsigned char c) { return std::isdigit(c); })) {
            return refuse(cf, "takes index=NUMBER behind the secret, not", word(cf, 2));
        }
        index = *text;
    }
    std::vector<std::string> values;
    char* result = read_secrets(cf, command, values, webhook.secret_places);
    for (std::string& value : values) {
        webhook.settings.secrets.push_back({std::move(value), index});
    }
    webhook.places.push_back(place_of(cf, command));
    return result;
}

char* set_webhook_token(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    WebhookConf& webhook = webhook_of(conf);
    std::vector<std::string> values;
    char* result = read_secrets(cf, command, values, webhook.token_places);
    for (std::string& value : values) {
        webhook.settings.tokens.push_back(std::move(value));
    }
    webhook.places.push_back(place_of(cf, command));
    return result;
}

char* set_webhook_topic(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    WebhookConf& webhook = webhook_of(conf);
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        const auto topic = word(cf, i);
        if (!topic.starts_with("arn:") || !is_printable(topic) || std::count(topic.begin(), topic.end(), ':') != 5) {
            return refuse(cf, "takes topics such as arn:aws:sns:ap-southeast-1:123456789012:payments, not", topic);
        }
        webhook.settings.topics.emplace_back(topic);
    }
    webhook.places.push_back(place_of(cf, command));
    return NGX_CONF_OK;
}

char* set_webhook_url(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    WebhookConf& webhook = webhook_of(conf);
    const auto url = word(cf, 1);
    if (!webhook.settings.url.empty()) {
        return const_cast<char*>("is duplicate");
    }
    if (!is_http_url(url)) {
        return refuse(cf, "takes the http(s) URL that the provider calls, without a fragment, not", url);
    }
    webhook.settings.url = url;
    webhook.places.push_back(place_of(cf, command));
    return NGX_CONF_OK;
}

char* set_webhook_map(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    WebhookConf& webhook = webhook_of(conf);
    auto& map = webhook.settings.map;
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        const auto text = word(cf, i);
        const size_t equals = text.find('=');
        const auto name = text.substr(0, equals);
        const auto parameter = equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1);
        const bool good_name = !name.empty() && name.size() <= 32 &&
                               std::all_of(name.begin(), name.end(), [](unsigned char c) {
                                   return std::islower(c) || c == '_';
                               });
        if (!good_name || parameter.empty() || parameter.size() > 64 || !is_printable(parameter) ||
            parameter.find_first_of("&=#") != std::string_view::npos) {
            return refuse(cf, "takes name=parameter, for example click=subid4, not", text);
        }
        if (std::any_of(map.begin(), map.end(), [&](const auto& pair) { return pair.first == name; })) {
            return refuse(cf, "names twice", name);
        }
        map.emplace_back(name, parameter);
    }
    webhook.places.push_back(place_of(cf, command));
    return NGX_CONF_OK;
}

char* set_webhook_tolerance(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    WebhookConf& webhook = webhook_of(conf);
    if (find_place(webhook, "coupon_webhook_tolerance") != nullptr) {
        return const_cast<char*>("is duplicate");
    }
    uint64_t ms = 0;
    constexpr uint64_t kLongest_ms = 30ULL * 24 * 3600 * 1000;
    if (word(cf, 1) != "off" && (!parse_duration(word(cf, 1), ms) || ms == 0 || ms > kLongest_ms)) {
        return refuse(cf, "takes off or a time of up to 30d such as 5m, not", word(cf, 1));
    }
    webhook.settings.tolerance_ms = static_cast<int64_t>(ms);
    webhook.places.push_back(place_of(cf, command));
    return NGX_CONF_OK;
}

}  // namespace coupon
