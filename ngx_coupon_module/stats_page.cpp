// GET /stats: the edge's state as JSON; ?explain=<percent-encoded path> tells what /out/… would answer.
#include "answers.hpp"
#include "edge.hpp"
#include "edge_report.hpp"
#include "explain.hpp"
#include "module_version.hpp"
#include "pages.hpp"

#include <nlohmann/json.hpp>

namespace coupon {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const std::vector<std::pair<std::string_view, uint64_t>>& counters) {
    Json object = Json::object();
    for (const auto& [name, value] : counters) {
        object[std::string(name)] = value;
    }
    return object;
}

Json to_json(const HistogramReport& histogram) {
    Json buckets = Json::object();
    for (size_t i = 0; i < histogram.buckets.size(); ++i) {
        buckets[i < kLatencyBounds_us.size() ? std::to_string(kLatencyBounds_us[i]) : "more"] = histogram.buckets[i];
    }
    return {{"count", histogram.count}, {"sum_s", histogram.sum_s}, {"up_to_us", buckets}};
}

Json to_json(const std::vector<JournalSpace>& journal) {
    Json object = Json::object();
    for (const JournalSpace& space : journal) {
        object[std::string(space.kind)] = {{"used_bytes", space.used_bytes}, {"budget_bytes", space.budget_bytes}};
    }
    return object;
}

Json to_json(const WebhookReport& report) {
    Json providers = Json::object();
    for (const auto& [name, outcomes] : report.providers) {
        providers[std::string(name)] = to_json(outcomes);
    }
    return {{"providers", providers},
            {"refusals_recorded", report.refusals_recorded},
            {"refusals_unrecorded", report.refusals_unrecorded},
            {"syncs", report.syncs},
            {"synced_records", report.synced_records},
            {"unsent", report.unsent},
            {"unsettled", report.unsettled},
            {"oldest_unsettled_s", report.oldest_unsettled_s},
            {"in_flight_bytes", report.in_flight_bytes},
            {"body_bytes", report.body_bytes},
            {"segments", report.segments},
            {"sending_paused", report.sending_paused}};
}

Json to_json(const EdgeReport& report) {
    Json workers = Json::array();
    for (const WorkerReport& worker : report.workers) {
        workers.push_back({{"pid", worker.pid},
                           {"leader", worker.leader},
                           {"redis_connected", worker.redis_connected},
                           {"postgres_connected", worker.postgres_connected},
                           {"sending_paused", worker.sending_paused},
                           {"clicks_unsent", worker.clicks_unsent},
                           {"clicks_unsettled", worker.clicks_unsettled},
                           {"segments", worker.segments},
                           {"webhooks_unsent", worker.webhooks_unsent},
                           {"webhooks_unsettled", worker.webhooks_unsettled}});
    }
    return {{"edge", report.edge},
            {"version", module_version()},
            {"redirects", to_json(report.outcomes)},
            {"cache", to_json(report.cache)},
            {"events", to_json(report.events)},
            {"journal",
             {{"clicks_unsent", report.clicks_unsent},
              {"clicks_unsettled", report.clicks_unsettled},
              {"oldest_unsettled_s", report.oldest_unsettled_s},
              {"segments", report.segments},
              {"sending_paused", report.sending_paused},
              {"space", to_json(report.journal)},
              {"disk_free_bytes", report.journal_disk_free_bytes},
              {"disk_bytes", report.journal_disk_bytes}}},
            {"webhooks", to_json(report.webhooks)},
            {"catalog",
             {{"loaded", report.catalog_loaded},
              {"complete", report.catalog_complete},
              {"entries", report.catalog_entries},
              {"free_bytes", report.catalog_free_bytes},
              {"evictions", report.catalog_evictions},
              {"log_age_s", report.catalog_log_age_s},
              {"snapshot_written", report.snapshot_written_s}}},
            {"redis", {{"connected", report.redis_connected}}},
            {"postgres", {{"connected", report.postgres_connected}}},
            {"latency", {{"handling_sampled_1_in_64", to_json(report.handling)}, {"waiting", to_json(report.waiting)},
              {"webhooks", to_json(report.webhooks.waiting)}}},
            {"workers", workers}};
}

}  // namespace

ngx_int_t stats_page(ngx_http_request_t* r) {
    if (const ngx_int_t rc = ngx_http_discard_request_body(r); rc != NGX_OK) {
        return rc;
    }
    if (!Edge::running()) {
        return send_text(r, NGX_HTTP_SERVICE_UNAVAILABLE, "no location has \"coupon_redirect on\" or \"coupon_webhook\"\n");
    }
    ngx_str_t path;
    ngx_str_t name = ngx_string("explain");
    if (Edge::current().has_redirects() && r->args.len != 0 &&
        ngx_http_arg(r, name.data, name.len, &path) == NGX_OK) {
        return explain(r, view(path));
    }
    return send_body(r, NGX_HTTP_OK, "application/json", to_json(edge_report()).dump(2) + "\n");
}

}  // namespace coupon
