#include "webhook_record.hpp"

#include "edge.hpp"
#include "request_facts.hpp"

#include "core/gcra.hpp"
#include "core/webhook/ascii.hpp"
#include "core/webhook/record.hpp"

#include <algorithm>

namespace coupon {
namespace {

constexpr size_t kLongestHeader_bytes = 4096;
constexpr size_t kLongestRefusedHeader_bytes = 256;
constexpr size_t kLongestRefusedQuery_bytes = 1024;

// Ten a second for each location, of which every worker has its part.
RateLimit refused_journaled() noexcept {
    const auto* core = reinterpret_cast<const ngx_core_conf_t*>(ngx_get_conf(ngx_cycle->conf_ctx, ngx_core_module));
    const uint64_t workers = std::max<ngx_int_t>(core->worker_processes, 1);
    return {.burst = static_cast<uint32_t>(std::max<uint64_t>(10 / workers, 1)), .interval_ns = 100'000'000 * workers};
}

constexpr std::string_view kAlwaysKept[] = {"content-type", "user-agent"};

void keep_header(std::string_view name, std::span<const WebhookHeader> all, std::vector<WebhookHeader>& kept) {
    for (const WebhookHeader& header : all) {
        if (equal_ignoring_case(header.name, name)) {
            kept.push_back({name, header.value.substr(0, kLongestHeader_bytes)});
            return;
        }
    }
}

// Each once, the first of several: what came twice is refused anyway.
std::vector<WebhookHeader> evidence(const WebhookConf& conf, const WebhookRequest& request) {
    std::vector<WebhookHeader> kept;
    for (const std::string_view name : conf.evidence_headers) {
        keep_header(name, request.headers, kept);
    }
    for (const std::string_view name : kAlwaysKept) {
        if (std::find(conf.evidence_headers.begin(), conf.evidence_headers.end(), name) == conf.evidence_headers.end()) {
            keep_header(name, request.headers, kept);
        }
    }
    return kept;
}

WebhookRecord record_of(ngx_http_request_t* r, const WebhookConf& conf, const WebhookRequest& request,
                        const WebhookCheck& check, std::span<const WebhookHeader> headers) {
    const MainConf& main = main_conf(r);
    WebhookRecord record;
    record.ts_ms = static_cast<uint64_t>(request.now_ms);
    record.id = Edge::current().webhooks().make_id(record.ts_ms);
    record.provider = conf.provider->name;
    record.location = conf.location;
    record.remote = client_address(r);
    record.method = request.method;
    record.query = request.query;
    record.verdict = check.verdict;
    record.trust = check.trust;
    record.reason = check.reason;
    record.headers = headers;
    record.edge = main.edge_id;
    record.request_id = trace_id(r, header_facts(r));
    return record;
}

}  // namespace

std::vector<WebhookHeader> webhook_headers(const ngx_http_request_t* r) {
    std::vector<WebhookHeader> all;
    for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr; part = part->next) {
        const auto* headers = static_cast<const ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; ++i) {
            all.push_back({view(headers[i].key), view(headers[i].value)});
        }
    }
    return all;
}

RecordResult record_accepted(ngx_http_request_t* r, WebhookContext& context, const WebhookRequest& request,
                             const WebhookCheck& check) {
    const WebhookConf& conf = *context.conf;
    const auto headers = evidence(conf, request);
    const auto fields = mapped_fields(*conf.provider, conf.settings, request);
    WebhookRecord record = record_of(r, conf, request, check, headers);
    record.fields = fields;
    record.body = request.body;
    WebhookJournal& journal = Edge::current().webhooks().journal();
    if (!journal.can_ever_fit(record)) {
        return RecordResult::too_large;
    }
    context.record = journal.append(record);
    return context.record ? RecordResult::recorded : RecordResult::failed;
}

void record_refused(ngx_http_request_t* r, WebhookContext& context, const WebhookRequest& request,
                    const WebhookCheck& check) {
    WebhookConf& conf = *context.conf;
    WebhookJournal& journal = Edge::current().webhooks().journal();
    WorkerCounters& counters = Edge::current().counters();
    constexpr uint64_t kNsPerMs = 1'000'000;
    const Decision decision = gcra_check(refused_journaled(), conf.refused_tat_ns, uint64_t{ngx_current_msec} * kNsPerMs);
    if (!decision.allowed) {
        WorkerCounters::bump(counters.webhook_refusals_unrecorded, 1);
        return;
    }
    conf.refused_tat_ns = decision.new_tat_ns;
    const std::string_view id = trace_id(r, header_facts(r));
    // Not the request's log: its lines hold the path, and that the token.
    ngx_log_error(NGX_LOG_WARN, Edge::current().log(), 0, "coupon: webhook of %*s in %s refused: %*s%s%*s",
                  conf.provider->name.size(), conf.provider->name.data(), conf.location.c_str(), check.reason.size(),
                  check.reason.data(), id.empty() ? "" : ", trace id ", id.size(), id.data());
    // Whoever is refused may send as much as it likes: of that only what helps to see why is kept.
    auto headers = evidence(conf, request);
    for (WebhookHeader& header : headers) {
        header.value = header.value.substr(0, kLongestRefusedHeader_bytes);
    }
    WebhookRecord record = record_of(r, conf, request, check, headers);
    record.query = record.query.substr(0, kLongestRefusedQuery_bytes);
    const bool recorded = journal.has_room_for_refused() && journal.can_ever_fit(record) && journal.append(record);
    WorkerCounters::bump(recorded ? counters.webhook_refusals_recorded : counters.webhook_refusals_unrecorded, 1);
}

}  // namespace coupon
