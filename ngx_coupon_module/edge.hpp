// What one NGINX worker process owns: made when it starts, gone when it ends, reached by handlers.
#pragma once

#include "click_delivery.hpp"
#include "click_journal.hpp"
#include "clock.hpp"
#include "conf.hpp"
#include "leader.hpp"
#include "rate_sharing.hpp"
#include "request_facts.hpp"
#include "stats.hpp"

#include "catalog/catalog_zone.hpp"
#include "catalog/rate_zone.hpp"
#include "core/click_id.hpp"
#include "core/offer_entry.hpp"
#include "io/offer_miss.hpp"
#include "io/timer.hpp"

#include <memory>

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
    DeviceCache& devices() noexcept { return devices_; }
    ClickIdMaker& click_ids() noexcept { return click_ids_; }
    ClickJournal& clicks() noexcept { return clicks_; }
    CatalogZone& catalog() noexcept { return catalog_; }
    OfferMiss& misses() noexcept { return misses_; }

    // --- the catalogue. `offer` views a buffer that the next find() overwrites.
    bool find(const Uuid& uuid, OfferView& offer) noexcept;
    void expect_find(const Uuid& uuid) const noexcept { catalog_.expect_lookup(uuid); }
    bool catalog_fresh() const noexcept { return catalog_fresh_; }        // change log read lately
    bool catalog_complete() const noexcept { return catalog_.complete(boottime_ms()); }
    bool catalog_loaded_once() const noexcept { return catalog_.loaded_once(); }

    // One redirect of this client now. Clients without an IP address are not limited.
    Decision check_rate(const ClientAddress& client, const RateLimit& limit) noexcept;

    // Start of the handling time for every 64th request, 0 for the others: a clock costs more
    // than a look-up.
    uint64_t sample_started_ns() noexcept { return ++requests_ % 64 == 0 ? monotonic_ns() : 0; }

    // Writes this worker's state where /stats and /metrics of any worker find it.
    void refresh_gauges() noexcept;

private:
    void every_second();
    void refresh_catalog_age() noexcept;

    static Edge* current_;

    MainConf& main_;
    ngx_log_t* log_;
    EdgeStats& stats_;
    WorkerCounters& counters_;
    CatalogZone& catalog_;
    RateZone* rates_;
    DeviceCache devices_;
    ClickIdMaker click_ids_;
    ClickJournal clicks_;
    ClickDelivery delivery_;
    OfferMiss misses_;
    RateSharing rate_sharing_;
    Leader leader_;
    Timer second_;
    Timer catalog_age_;
    bool catalog_fresh_ = false;
    uint64_t requests_ = 0;
    char entry_[CatalogZone::kBufferBytes];
};

}  // namespace coupon
