// The directive table and the setter of each directive. A bad value stops `nginx -t` with the
// directive's name, what is wrong, and (added by NGINX) file and line.
#include "conf.hpp"
#include "directive_words.hpp"
#include "pages.hpp"
#include "secret.hpp"
#include "webhook_directives.hpp"
#include "zones.hpp"

#include "core/click_id.hpp"

#include <cctype>
#include <string_view>

namespace coupon {
namespace {

// Syntax NAME:SIZE, as NGINX writes its zones.
char* set_zone(ngx_conf_t* cf, ngx_shm_zone_t*& zone, ngx_shm_zone_t* (*declare)(ngx_conf_t*, ngx_str_t*, size_t)) {
    if (zone != nullptr) {
        return const_cast<char*>("is duplicate");
    }
    const auto value = word(cf, 1);
    const size_t colon = value.find(':');
    uint64_t bytes = 0;
    if (colon == 0 || colon == std::string_view::npos || !parse_size(value.substr(colon + 1), bytes)) {
        return refuse(cf, "is written NAME:SIZE, for example offers:64m, not", value);
    }
    if (bytes < kMinimumZone_bytes) {
        return refuse(cf, "needs a zone of at least 1m, not", value);
    }
    ngx_str_t name{colon, static_cast<ngx_str_t*>(cf->args->elts)[1].data};
    zone = declare(cf, &name, bytes);
    return zone == nullptr ? kFailed : NGX_CONF_OK;
}

char* set_catalog_zone(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    return set_zone(cf, static_cast<MainConf*>(conf)->catalog_zone, declare_catalog_zone);
}

char* set_rate_zone(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    return set_zone(cf, static_cast<MainConf*>(conf)->rate_zone, declare_rate_zone);
}

// Words after the directive's name, with a password=env:… or password=file:… replaced by its value.
bool resolved_words(ngx_conf_t* cf, std::vector<std::string>& words, std::string& error) {
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        const auto text = word(cf, i);
        if (const auto source = option(text, "password")) {
            SecretResult secret = read_secret(cf, *source, SecretSplit::none);
            if (secret.values.empty()) {
                error = secret.error;
                return false;
            }
            words.push_back("password=" + secret.values.front());
        } else {
            words.emplace_back(text);
        }
    }
    return true;
}

char* set_redis(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto& main = *static_cast<MainConf*>(conf);
    if (main.redis) {
        return const_cast<char*>("is duplicate");
    }
    std::vector<std::string> words;
    std::string error;
    if (!resolved_words(cf, words, error)) {
        return refuse(cf, error);
    }
    main.redis = parse_redis_options(words, error);
    return main.redis ? NGX_CONF_OK : refuse(cf, error);
}

char* set_postgres(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto& main = *static_cast<MainConf*>(conf);
    if (main.postgres) {
        return const_cast<char*>("is duplicate");
    }
    std::string conninfo;
    const auto first = word(cf, 1);
    if (first.starts_with("env:") || first.starts_with("file:")) {
        SecretResult secret = read_secret(cf, first, SecretSplit::none);
        if (secret.values.empty()) {
            return refuse(cf, secret.error);
        }
        conninfo = secret.values.front();
    } else {
        for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
            conninfo.append(i == 1 ? "" : " ").append(word(cf, i));
        }
    }
    std::string error;
    main.postgres = parse_postgres_options(conninfo, error);
    return main.postgres ? NGX_CONF_OK : refuse(cf, error);
}

char* set_journal(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto& main = *static_cast<MainConf*>(conf);
    if (main.journal) {
        return const_cast<char*>("is duplicate");
    }
    JournalConf journal;
    journal.directory = word(cf, 1);
    if (!journal.directory.starts_with('/')) {
        return refuse(cf, "needs an absolute path, not", journal.directory);
    }
    for (ngx_uint_t i = 2; i < cf->args->nelts; ++i) {
        const auto text = word(cf, i);
        bool good = false;
        if (const auto size = option(text, "size")) {
            good = parse_size(*size, journal.size_bytes);
        } else if (const auto segment = option(text, "segment")) {
            good = parse_size(*segment, journal.segment_bytes);
        } else if (const auto webhooks = option(text, "webhooks")) {
            good = parse_size(*webhooks, journal.webhooks_bytes);
        } else if (const auto keep = option(text, "keep")) {
            good = parse_duration(*keep, journal.keep_ms);
        }
        if (!good) {
            return refuse(cf, "takes size=, segment=, webhooks= and keep= with a size or time, not", text);
        }
    }
    constexpr uint64_t kPage = 4096;
    constexpr uint64_t kMinimumSegment_bytes = 64 << 10;
    constexpr uint64_t kMaximumSegment_bytes = 1ULL << 30;
    if (journal.segment_bytes % kPage != 0 || journal.segment_bytes < kMinimumSegment_bytes ||
        journal.segment_bytes > kMaximumSegment_bytes) {
        return refuse(cf, "needs a segment= between 64k and 1g in steps of 4k");
    }
    // Each worker holds one segment and two spares, and a reload doubles the workers.
    if (journal.size_bytes < 4 * journal.segment_bytes) {
        return refuse(cf, "needs a size= of at least four segments");
    }
    if (journal.segments(journal.size_bytes) > kJournalSegments_max) {
        return refuse(cf, "has more than 15360 segments in its size=; raise segment=");
    }
    main.journal = std::move(journal);
    return NGX_CONF_OK;
}

char* set_journal_sync(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto& main = *static_cast<MainConf*>(conf);
    const auto text = word(cf, 1);
    uint64_t interval_ms = 0;
    if (text == "off") {
        main.sync = SyncMode::off;
    } else if (text == "always") {
        main.sync = SyncMode::always;
    } else if (const auto interval = option(text, "interval");
               interval && parse_duration(*interval, interval_ms) && interval_ms >= 10) {
        main.sync = SyncMode::interval;
        main.sync_interval_ms = interval_ms;
    } else {
        return refuse(cf, "takes off, interval=TIME (10ms or more) or always, not", text);
    }
    return NGX_CONF_OK;
}

char* set_queue_max(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto& main = *static_cast<MainConf*>(conf);
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        const auto text = word(cf, i);
        if (const auto webhooks = option(text, "webhooks")) {
            if (!parse_size(*webhooks, main.queue_max_webhook_bytes)) {
                return refuse(cf, "takes webhooks=SIZE, not", text);
            }
            continue;
        }
        ngx_str_t raw = static_cast<ngx_str_t*>(cf->args->elts)[i];
        const ngx_int_t entries = ngx_atoi(raw.data, raw.len);
        if (entries == NGX_ERROR || entries == 0) {
            return refuse(cf, "takes a number of clicks above 0, not", text);
        }
        main.queue_max_clicks = static_cast<uint64_t>(entries);
    }
    return NGX_CONF_OK;
}

char* set_edge_id(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    const auto text = word(cf, 1);
    if (text.empty() || text.size() > 63) {
        return refuse(cf, "takes a name of 1 to 63 characters, not", text);
    }
    for (char c : text) {
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') {
            return refuse(cf, "takes letters, digits, '-', '_' and '.', not", text);
        }
    }
    static_cast<MainConf*>(conf)->edge_id = text;
    return NGX_CONF_OK;
}

char* set_click_key(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto& main = *static_cast<MainConf*>(conf);
    SecretResult secret = read_secret(cf, word(cf, 1), SecretSplit::lines_and_commas);
    if (secret.values.empty()) {
        return refuse(cf, secret.error);
    }
    main.click_keys.clear();
    for (const std::string& text : secret.values) {
        const auto key = parse_click_key(text);
        if (!key) {
            return refuse(cf, "needs keys of 32 hexadecimal digits (openssl rand -hex 16)");
        }
        main.click_keys.push_back(*key);
    }
    return NGX_CONF_OK;
}

char* set_country(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    ngx_str_t name = static_cast<ngx_str_t*>(cf->args->elts)[1];
    if (name.len < 2 || name.data[0] != '$') {
        return refuse(cf, "takes a variable such as $geoip2_country_code, not", view(name));
    }
    ++name.data;
    --name.len;
    auto& main = *static_cast<MainConf*>(conf);
    main.country_variable = ngx_http_get_variable_index(cf, &name);
    return main.country_variable == NGX_ERROR ? kFailed : NGX_CONF_OK;
}

char* set_redirect(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
    char* result = ngx_conf_set_flag_slot(cf, command, conf);
    if (result == NGX_CONF_OK && static_cast<LocationConf*>(conf)->redirect == 1) {
        auto* core = static_cast<ngx_http_core_loc_conf_t*>(
            ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
        core->handler = guarded<redirect>;
        main_conf(cf).redirects = true;
    }
    return result;
}

char* set_rate_limit(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto& location = *static_cast<LocationConf*>(conf);
    const auto text = word(cf, 1);
    location.rate_limit_set = true;
    if (text == "off") {
        location.rate_limit.reset();
        return NGX_CONF_OK;
    }
    location.rate_limit = parse_rate_limit(text);
    return location.rate_limit ? NGX_CONF_OK : refuse(cf, "takes off or a rate such as 100r/m or 5r/s, not", text);
}

char* set_fallback(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    const ngx_str_t value = static_cast<ngx_str_t*>(cf->args->elts)[1];
    const auto text = view(value);
    if (!text.starts_with("https://") && !text.starts_with("http://") && !text.starts_with('/')) {
        return refuse(cf, "takes an http(s) URL or a path, not", text);
    }
    for (unsigned char c : text) {
        if (c <= ' ' || c == 0x7f) {
            return refuse(cf, "must not contain spaces or control characters:", text);
        }
    }
    static_cast<LocationConf*>(conf)->fallback = value;
    return NGX_CONF_OK;
}

char* set_link_secret(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    constexpr size_t kMinimumSecret_bytes = 16;
    SecretResult secret = read_secret(cf, word(cf, 1), SecretSplit::lines_and_commas);
    if (secret.values.empty()) {
        return refuse(cf, secret.error);
    }
    for (const std::string& value : secret.values) {
        if (value.size() < kMinimumSecret_bytes) {
            return refuse(cf, "needs secrets of at least 16 bytes");
        }
    }
    static_cast<LocationConf*>(conf)->link_secrets = std::move(secret.values);
    return NGX_CONF_OK;
}

template <ngx_int_t (*Page)(ngx_http_request_t*)>
char* set_page(ngx_conf_t* cf, ngx_command_t*, void*) {
    auto* core = static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    core->handler = guarded<Page>;
    return NGX_CONF_OK;
}

using Setter = char* (*)(ngx_conf_t*, ngx_command_t*, void*);

ngx_command_t in_http(ngx_str_t name, ngx_uint_t arguments, Setter setter) {
    return {name, NGX_HTTP_MAIN_CONF | arguments, setter, NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr};
}

ngx_command_t in_location(ngx_str_t name, ngx_uint_t arguments, Setter setter, ngx_uint_t offset = 0) {
    return {name, NGX_HTTP_LOC_CONF | arguments, setter, NGX_HTTP_LOC_CONF_OFFSET, offset, nullptr};
}

}  // namespace

ngx_command_t directives[] = {
    in_http(ngx_string("coupon_catalog_zone"), NGX_CONF_TAKE1, set_catalog_zone),
    in_http(ngx_string("coupon_rate_zone"), NGX_CONF_TAKE1, set_rate_zone),
    in_http(ngx_string("coupon_redis"), NGX_CONF_1MORE, set_redis),
    in_http(ngx_string("coupon_postgres"), NGX_CONF_1MORE, set_postgres),
    in_http(ngx_string("coupon_journal"), NGX_CONF_1MORE, set_journal),
    in_http(ngx_string("coupon_journal_sync"), NGX_CONF_TAKE1, set_journal_sync),
    in_http(ngx_string("coupon_queue_max"), NGX_CONF_TAKE12, set_queue_max),
    in_http(ngx_string("coupon_edge_id"), NGX_CONF_TAKE1, set_edge_id),
    in_http(ngx_string("coupon_click_key"), NGX_CONF_TAKE1, set_click_key),
    in_http(ngx_string("coupon_country"), NGX_CONF_TAKE1, set_country),
    in_location(ngx_string("coupon_redirect"), NGX_CONF_FLAG, set_redirect, offsetof(LocationConf, redirect)),
    in_location(ngx_string("coupon_rate_limit"), NGX_CONF_TAKE1, set_rate_limit),
    in_location(ngx_string("coupon_fallback"), NGX_CONF_TAKE1, set_fallback),
    in_location(ngx_string("coupon_link_secret"), NGX_CONF_TAKE1, set_link_secret),
    in_location(ngx_string("coupon_webhook"), NGX_CONF_1MORE, set_webhook),
    in_location(ngx_string("coupon_webhook_secret"), NGX_CONF_TAKE12, set_webhook_secret),
    in_location(ngx_string("coupon_webhook_token"), NGX_CONF_TAKE1, set_webhook_token),
    in_location(ngx_string("coupon_webhook_topic"), NGX_CONF_1MORE, set_webhook_topic),
    in_location(ngx_string("coupon_webhook_url"), NGX_CONF_TAKE1, set_webhook_url),
    in_location(ngx_string("coupon_webhook_map"), NGX_CONF_1MORE, set_webhook_map),
    in_location(ngx_string("coupon_webhook_tolerance"), NGX_CONF_TAKE1, set_webhook_tolerance),
    in_location(ngx_string("coupon_stats"), NGX_CONF_NOARGS, set_page<stats_page>),
    in_location(ngx_string("coupon_metrics"), NGX_CONF_NOARGS, set_page<metrics_page>),
    in_location(ngx_string("coupon_health"), NGX_CONF_NOARGS, set_page<health_page>),
    ngx_null_command,
};

}  // namespace coupon
