// The table of contents: what NGINX calls, in the order in which it calls it.
//   directives.cpp  → conf.cpp        the configuration
//   zones.cpp                         shared memory
//   edge.cpp                          what a worker process owns
//   redirect.cpp → click.cpp → click_journal.cpp → queue_delivery.cpp   the way of a click
//   webhook.cpp → webhook_body.cpp → webhook_record.cpp → webhook_journal.cpp → queue_delivery.cpp
//                                     the way of a webhook
//   leader.cpp                        the one worker that talks to PostgreSQL for all
//   stats_page.cpp, metrics_page.cpp, health_page.cpp
#include "conf.hpp"
#include "edge.hpp"
#include "journal_directory.hpp"
#include "nginx.hpp"
#include "variables.hpp"
#include "webhook_body.hpp"
#include "zones.hpp"

#include "io/offload.hpp"

#include <algorithm>
#include <exception>

namespace coupon {
namespace {

// $request_id is made only when somebody asks for it, and costs a random number: clicks carry it
// where the configuration uses it (a log format, a proxied header), else there is nothing to match.
bool uses_request_id(ngx_conf_t* cf) {
    auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    const auto* variables = static_cast<ngx_http_variable_t*>(core->variables.elts);
    return std::any_of(variables, variables + core->variables.nelts, [](const ngx_http_variable_t& variable) {
        const std::string_view name = view(variable.name);
        return name == "request_id" || name == "coupon_trace_id" || name == "coupon_traceparent";
    });
}

ngx_int_t complete_configuration(ngx_conf_t* cf) {
    MainConf& main = main_conf(cf);
    if (uses_request_id(cf)) {
        ngx_str_t name = ngx_string("request_id");
        main.request_id_variable = ngx_http_get_variable_index(cf, &name);
    }
    if (!main.active()) {
        return NGX_OK;
    }
    if (main.webhooks) {
        watch_webhook_bodies();
    }
    main.stats_zone = declare_stats_zone(cf);
    return main.stats_zone != nullptr && declare_thread_pool(cf) ? NGX_OK : NGX_ERROR;
}

MainConf* active_conf(ngx_cycle_t* cycle) {
    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == nullptr) {
        return nullptr;  // no http{} at all
    }
    auto* main = static_cast<MainConf*>(ngx_http_cycle_get_module_main_conf(cycle, ngx_http_coupon_module));
    return main != nullptr && main->active() ? main : nullptr;
}

// In the master, before workers start (and at each reload).
ngx_int_t prepare_edge(ngx_cycle_t* cycle) noexcept {
    MainConf* main = active_conf(cycle);
    if (main == nullptr) {
        return NGX_OK;
    }
    try {
        if (!prepare_journal_directory(cycle, *main)) {
            return NGX_ERROR;
        }
        if (main->redirects && !ngx_test_config) {
            load_catalog_snapshot(cycle, *main);
        }
        return NGX_OK;
    } catch (const std::exception& error) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "coupon: start failed: %s", error.what());
        return NGX_ERROR;
    }
}

ngx_int_t start_edge(ngx_cycle_t* cycle) noexcept {
    MainConf* main = active_conf(cycle);
    // Cache helpers run this as well; they serve nobody.
    if (main == nullptr || (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)) {
        return NGX_OK;
    }
    try {
        Edge::start(cycle, *main);
        return NGX_OK;
    } catch (const std::exception& error) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "coupon: worker cannot start: %s", error.what());
        return NGX_ERROR;
    }
}

void stop_edge(ngx_cycle_t*) noexcept { Edge::stop(); }

ngx_http_module_t http_hooks = {
    add_variables,           // preconfiguration
    complete_configuration,  // postconfiguration
    create_main_conf,
    init_main_conf,
    nullptr,
    nullptr,
    create_location_conf,
    merge_location_conf,
};

}  // namespace
}  // namespace coupon

extern "C" {

ngx_module_t ngx_http_coupon_module = {
    NGX_MODULE_V1,
    &coupon::http_hooks,
    coupon::directives,
    NGX_HTTP_MODULE,
    nullptr,               // init master: never called by NGINX
    coupon::prepare_edge,  // init module
    coupon::start_edge,    // init process
    nullptr,
    nullptr,
    coupon::stop_edge,     // exit process
    nullptr,
    NGX_MODULE_V1_PADDING,
};
}
