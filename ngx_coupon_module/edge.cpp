#include "edge.hpp"

#include "journal_directory.hpp"
#include "zones.hpp"

#include <unistd.h>

namespace coupon {
namespace {

constexpr ngx_msec_t kSecond_ms = 1000;
constexpr ngx_msec_t kCatalogAge_ms = 250;
constexpr uint64_t kStale_ms = 5000;

std::unique_ptr<Edge> edge;

// A quitting worker does its last requests, but takes on nothing that another worker could do.
bool quitting() noexcept { return ngx_exiting != 0 || ngx_quit != 0 || ngx_terminate != 0; }

}  // namespace

Edge* Edge::current_ = nullptr;

void Edge::start(ngx_cycle_t* cycle, MainConf& main) {
    edge = std::make_unique<Edge>(cycle, main);
    current_ = edge.get();
}

void Edge::stop() noexcept {
    current_ = nullptr;
    edge.reset();
}

Edge::Edge(ngx_cycle_t* cycle, MainConf& main)
    : main_(main),
      log_(cycle->log),
      stats_(stats_of(main.stats_zone)),
      counters_(stats_.slot(ngx_worker)),
      leader_({.postgres = *main.postgres,
               .directory = main.journal->directory,
               .snapshot_path = snapshot_path(main),
               .edge = main.edge_id,
               .catalog = main.redirects ? &catalog_of(main.catalog_zone) : nullptr,
               .map = [this] { return journal_map(); },
               .snapshot_written_ms = stats_.snapshot_written_ms,
               .log = log_}),
      second_(log_, Timer::AtExit::cancelable, [this] { every_second(); }),
      catalog_age_(log_, Timer::AtExit::cancelable, [this] { refresh_catalog_age(); }) {
    if (main.redirects) {
        redirects_.emplace(main, counters_, log_);
        refresh_catalog_age();
    }
    if (needs_webhook_service(main)) {
        webhooks_.emplace(main, stats_, counters_, log_);
    }
    every_second();
}

bool Edge::find(const Uuid& uuid, OfferView& offer) noexcept {
    RedirectService& redirects = *redirects_;
    const size_t length = redirects.catalog.lookup(uuid, redirects.entry, sizeof(redirects.entry));
    if (length == 0) {
        return false;
    }
    const auto decoded = decode_offer_entry({redirects.entry, length});
    if (!decoded) {
        return false;
    }
    offer = *decoded;
    return true;
}

Decision Edge::check_rate(const ClientAddress& client, const RateLimit& limit) noexcept {
    if (client.size == 0) {
        return {.allowed = true};
    }
    constexpr uint64_t kNsPerMs = 1'000'000;
    return redirects_->rates->check(client, limit, uint64_t{ngx_current_msec} * kNsPerMs);
}

// Both kinds share one segments.map.
std::shared_ptr<SegmentMap> Edge::journal_map() const noexcept {
    if (redirects_) {
        if (auto map = redirects_->clicks.map()) {
            return map;
        }
    }
    return webhooks_ ? webhooks_->journal().map() : nullptr;
}

void Edge::every_second() {
    leader_.every_second(!quitting());
    if (redirects_) {
        redirects_->clicks.every_second();
        redirects_->delivery.every_second();
        if (leader_.leading()) {
            redirects_->rate_sharing.exchange();
        }
    }
    if (webhooks_) {
        webhooks_->every_second();
    }
    refresh_gauges();
    second_.start(kSecond_ms);
}

// Once in a while instead of for every redirect: the age decides between HIT and STALE only.
void Edge::refresh_catalog_age() noexcept {
    const uint64_t read_ms = redirects_->catalog.stats().log_read_ms;
    redirects_->catalog_fresh = read_ms != 0 && boottime_ms() - read_ms < kStale_ms;
    catalog_age_.start(kCatalogAge_ms);
}

void Edge::refresh_gauges() noexcept {
    WorkerGauges& gauges = counters_.gauges;
    gauges.pid = static_cast<uint64_t>(getpid());
    gauges.updated_ms = boottime_ms();
    gauges.postgres_connected = leader_.connected();
    gauges.leader = leader_.leading();
    bool connected = true;
    if (redirects_) {
        const DeliveryCounts counts = redirects_->clicks.counts();
        connected = redirects_->delivery.ready();
        gauges.sending_paused = redirects_->delivery.paused();
        gauges.clicks_unsent = counts.unsent;
        gauges.clicks_unsettled = counts.unsent + counts.in_flight;
        gauges.oldest_unsettled_ms = counts.oldest_unsettled_ms;
        gauges.segments = counts.segments;
    }
    if (webhooks_) {
        webhooks_->refresh_gauges(gauges);
        connected = connected && webhooks_->ready();
    }
    gauges.redis_connected = connected;
}

}  // namespace coupon
