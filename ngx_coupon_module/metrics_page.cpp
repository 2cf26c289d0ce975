// GET /metrics: the edge's state as Prometheus text, format 0.0.4.
#include "answers.hpp"
#include "edge.hpp"
#include "edge_report.hpp"
#include "pages.hpp"

#include <sstream>

namespace coupon {
namespace {

class MetricsText {
public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        text_ << "# HELP " << name << ' ' << help << "\n# TYPE " << name << ' ' << type << '\n';
    }

    template <class Value>
    void sample(std::string_view name, Value value) {
        text_ << name << ' ' << value << '\n';
    }

    template <class Value>
    void sample(std::string_view name, std::string_view label, std::string_view label_value, Value value) {
        text_ << name << '{' << label << "=\"" << label_value << "\"} " << value << '\n';
    }

    template <class Value>
    void gauge(std::string_view name, std::string_view help, Value value) {
        family(name, "gauge", help);
        sample(name, value);
    }

    void histogram(const std::string& name, std::string_view help, const HistogramReport& report) {
        family(name, "histogram", help);
        uint64_t cumulative = 0;
        for (size_t i = 0; i < report.buckets.size(); ++i) {
            cumulative += report.buckets[i];
            std::ostringstream bound;
            if (i < kLatencyBounds_us.size()) {
                bound << kLatencyBounds_us[i] / 1e6;
            } else {
                bound << "+Inf";
            }
            sample(name + "_bucket", "le", bound.str(), cumulative);
        }
        sample(name + "_sum", report.sum_s);
        sample(name + "_count", report.count);
    }

    template <class Value>
    void sample(std::string_view name, std::string_view labels, Value value) {
        text_ << name << '{' << labels << "} " << value << '\n';
    }

    template <class Value>
    void counter(std::string_view name, std::string_view help, Value value) {
        family(name, "counter", help);
        sample(name, value);
    }

    std::string text() const { return text_.str(); }

private:
    std::ostringstream text_;
};

void counters(MetricsText& metrics, std::string_view name, std::string_view help, std::string_view label,
              const std::vector<std::pair<std::string_view, uint64_t>>& values) {
    metrics.family(name, "counter", help);
    for (const auto& [value_name, value] : values) {
        metrics.sample(name, label, value_name, value);
    }
}

void webhooks(MetricsText& metrics, const WebhookReport& report) {
    metrics.family("coupon_webhooks_total", "counter", "Answers to webhooks by provider and outcome.");
    for (const auto& [provider, outcomes] : report.providers) {
        for (const auto& [outcome, value] : outcomes) {
            const std::string labels =
                "provider=\"" + std::string(provider) + "\",outcome=\"" + std::string(outcome) + "\"";
            metrics.sample("coupon_webhooks_total", std::string_view(labels), value);
        }
    }
    metrics.counter("coupon_webhook_refusals_recorded_total", "Refused webhooks that are in the journal.",
                    report.refusals_recorded);
    metrics.counter("coupon_webhook_refusals_unrecorded_total", "Refused webhooks that were only counted.",
                    report.refusals_unrecorded);
    metrics.counter("coupon_webhook_syncs_total", "fdatasyncs for webhooks.", report.syncs);
    metrics.counter("coupon_webhook_synced_records_total", "Records that these put on disk.", report.synced_records);
    metrics.gauge("coupon_journal_webhooks_unsent", "Webhooks in the journal not yet sent to Redis.", report.unsent);
    metrics.gauge("coupon_journal_webhooks_unsettled", "Webhooks in the journal not yet settled in PostgreSQL.",
                  report.unsettled);
    metrics.gauge("coupon_journal_webhooks_oldest_unsettled_seconds", "Age of the oldest unsettled webhook.",
                  report.oldest_unsettled_s);
    metrics.gauge("coupon_journal_webhooks_in_flight_bytes", "Bytes of webhooks sent and not yet settled.",
                  report.in_flight_bytes);
    metrics.gauge("coupon_journal_webhooks_segments", "Segments of webhooks not yet settled.", report.segments);
    metrics.gauge("coupon_journal_webhooks_sending_paused", "1 while the webhooks bound of coupon_queue_max is exceeded.",
                  report.sending_paused);
    metrics.gauge("coupon_webhook_body_bytes", "Bytes of webhook bodies that are being received.", report.body_bytes);
    metrics.histogram("coupon_webhook_seconds", "From a whole webhook to its answer, for those that were journalled.",
                      report.waiting);
}

void journal_space(MetricsText& metrics, const EdgeReport& report) {
    metrics.family("coupon_journal_bytes", "gauge",
                   "Segments that are written to or unsettled, and how much there may be before nothing more is journalled.");
    for (const JournalSpace& space : report.journal) {
        const std::string kind = "kind=\"" + std::string(space.kind) + "\",state=";
        metrics.sample("coupon_journal_bytes", std::string_view(kind + "\"used\""), space.used_bytes);
        metrics.sample("coupon_journal_bytes", std::string_view(kind + "\"budget\""), space.budget_bytes);
    }
    metrics.family("coupon_journal_disk_bytes", "gauge", "The disk below the journal.");
    metrics.sample("coupon_journal_disk_bytes", "state", "free", report.journal_disk_free_bytes);
    metrics.sample("coupon_journal_disk_bytes", "state", "size", report.journal_disk_bytes);
}

void catalog(MetricsText& metrics, const EdgeReport& report) {
    metrics.gauge("coupon_catalog_loaded", "1 once a catalogue was loaded.", report.catalog_loaded);
    metrics.gauge("coupon_catalog_complete", "1 while every live offer is known to be in the zone.", report.catalog_complete);
    metrics.gauge("coupon_catalog_entries", "Offers in the zone.", report.catalog_entries);
    metrics.gauge("coupon_catalog_free_bytes", "Free room in the zone.", report.catalog_free_bytes);
    metrics.counter("coupon_catalog_evictions_total", "Offers evicted because the zone was full.", report.catalog_evictions);
    metrics.gauge("coupon_catalog_log_age_seconds", "Time since the change log was read; -1: never.", report.catalog_log_age_s);
}

std::string metrics_text(const EdgeReport& report) {
    MetricsText metrics;
    counters(metrics, "coupon_redirects_total", "Answers to /out/ by outcome.", "outcome", report.outcomes);
    counters(metrics, "coupon_catalog_lookups_total", "Offers looked up, by where they were found.", "cache", report.cache);
    counters(metrics, "coupon_events_total", "What else was counted at the edge.", "event", report.events);
    metrics.gauge("coupon_journal_clicks_unsent", "Clicks in the journal not yet sent to Redis.", report.clicks_unsent);
    metrics.gauge("coupon_journal_clicks_unsettled", "Clicks in the journal not yet settled in PostgreSQL.",
                  report.clicks_unsettled);
    metrics.gauge("coupon_journal_oldest_unsettled_seconds", "Age of the oldest unsettled click.",
                  report.oldest_unsettled_s);
    metrics.gauge("coupon_journal_segments", "Journal segments not yet settled.", report.segments);
    metrics.gauge("coupon_journal_sending_paused", "1 while the queue is above coupon_queue_max.", report.sending_paused);
    journal_space(metrics, report);
    if (report.has_catalog) {
        catalog(metrics, report);
    }
    webhooks(metrics, report.webhooks);
    metrics.gauge("coupon_redis_connected", "1 while every worker is connected to Redis.", report.redis_connected);
    metrics.gauge("coupon_postgres_connected", "1 while the leader is connected to PostgreSQL.", report.postgres_connected);
    metrics.gauge("coupon_workers", "NGINX workers that reported lately.", report.workers.size());
    metrics.histogram("coupon_redirect_handling_seconds", "Time inside the module, every 64th immediate answer.",
                      report.handling);
    metrics.histogram("coupon_redirect_waiting_seconds", "Answers that waited for PostgreSQL or the disk.", report.waiting);
    return metrics.text();
}

}  // namespace

ngx_int_t metrics_page(ngx_http_request_t* r) {
    if (const ngx_int_t rc = ngx_http_discard_request_body(r); rc != NGX_OK) {
        return rc;
    }
    if (!Edge::running()) {
        return send_text(r, NGX_HTTP_SERVICE_UNAVAILABLE, "no location has \"coupon_redirect on\" or \"coupon_webhook\"\n");
    }
    return send_body(r, NGX_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", metrics_text(edge_report()));
}

}  // namespace coupon
