// What one NGINX worker process owns: made when it starts, gone when it ends, reached by handlers.
#pragma once

#include "clock.hpp"
#include "conf.hpp"
#include "leader.hpp"
#include "redirect_service.hpp"
#include "stats.hpp"
#include "webhook_service.hpp"

#include "core/offer_entry.hpp"
#include "io/timer.hpp"

#include <memory>
#include <optional>

namespace coupon {

class Edge {
public:
    // Throws std::exception with a sentence for the log when the worker cannot serve.
    static void start(ngx_cycle_t* cycle, MainConf& main);
    static void stop() noexcept;
    static bool running() noexcept { return current_ != nullptr; }
    static Edge& current() noexcept { return *current_; }

    Edge(ngx_cycle_t* cycle, MainConf& main);

    const MainConf& conf() const noexcept { return main_; }
    EdgeStats& stats() noexcept { return stats_; }
    WorkerCounters& counters() noexcept { return counters_; }
    ngx_log_t* log() noexcept { return log_; }  // without a request: tokens stay out of it

    // --- where some location has coupon_redirect

    bool has_redirects() const noexcept { return redirects_.has_value(); }
    DeviceCache& devices() noexcept { return redirects_->devices; }
    ClickIdMaker& click_ids() noexcept { return redirects_->click_ids; }
    ClickJournal& clicks() noexcept { return redirects_->clicks; }
    CatalogZone& catalog() noexcept { return redirects_->catalog; }
    OfferMiss& misses() noexcept { return redirects_->misses; }

    // `offer` views a buffer that the next find() overwrites.
    bool find(const Uuid& uuid, OfferView& offer) noexcept;
    void expect_find(const Uuid& uuid) const noexcept { redirects_->catalog.expect_lookup(uuid); }
    bool catalog_fresh() const noexcept { return redirects_->catalog_fresh; }
    bool catalog_complete() const noexcept { return redirects_->catalog.complete(boottime_ms()); }

    // One redirect of this client now. Clients without an IP address are not limited.
    Decision check_rate(const ClientAddress& client, const RateLimit& limit) noexcept;

    // --- where some location has coupon_webhook

    bool has_webhooks() const noexcept { return webhooks_.has_value(); }
    WebhookService& webhooks() noexcept { return *webhooks_; }

    // ---

    // Nothing that requests need is still to be loaded.
    bool ready() const noexcept { return !redirects_ || redirects_->catalog.loaded_once(); }

    // Start of the handling time for every 64th request, 0 for the others: a clock costs more
    // than a look-up.
    uint64_t sample_started_ns() noexcept { return ++requests_ % 64 == 0 ? monotonic_ns() : 0; }

    // Writes this worker's state where /stats and /metrics of any worker find it.
    void refresh_gauges() noexcept;

private:
    void every_second();
    void refresh_catalog_age() noexcept;
    std::shared_ptr<SegmentMap> journal_map() const noexcept;

    static Edge* current_;

    MainConf& main_;
    ngx_log_t* log_;
    EdgeStats& stats_;
    WorkerCounters& counters_;
    std::optional<RedirectService> redirects_;
    std::optional<WebhookService> webhooks_;
    Leader leader_;
    Timer second_;
    Timer catalog_age_;
    uint64_t requests_ = 0;
};

}  // namespace coupon
