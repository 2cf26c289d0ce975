#include "edge.hpp"

#include "journal_directory.hpp"
#include "zones.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <stdexcept>

namespace coupon {
namespace {

constexpr ngx_msec_t kSecond_ms = 1000;
constexpr ngx_msec_t kCatalogAge_ms = 250;
constexpr uint64_t kStale_ms = 5000;

std::unique_ptr<Edge> edge;

uint64_t random_seed() {
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
        throw std::runtime_error("the system has no random numbers");
    }
    return seed;
}

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
      catalog_(catalog_of(main.catalog_zone)),
      rates_(main.rate_zone != nullptr ? &rates_of(main.rate_zone) : nullptr),
      click_ids_(main.click_keys.front(), random_seed()),
      clicks_(main, counters_, log_),
      delivery_(main, clicks_, counters_, log_),
      misses_(catalog_, *main.postgres, log_),
      rate_sharing_(rates_, delivery_.redis()),
      leader_({.postgres = *main.postgres,
               .directory = main.journal->directory,
               .snapshot_path = snapshot_path(main),
               .edge = main.edge_id,
               .catalog = catalog_,
               .map = [this] { return clicks_.map(); },
               .snapshot_written_ms = stats_.snapshot_written_ms,
               .log = log_}),
      second_(log_, Timer::AtExit::cancelable, [this] { every_second(); }),
      catalog_age_(log_, Timer::AtExit::cancelable, [this] { refresh_catalog_age(); }) {
    every_second();
    refresh_catalog_age();
}

bool Edge::find(const Uuid& uuid, OfferView& offer) noexcept {
    const size_t length = catalog_.lookup(uuid, entry_, sizeof(entry_));
    if (length == 0) {
        return false;
    }
    const auto decoded = decode_offer_entry({entry_, length});
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
    return rates_->check(client, limit, uint64_t{ngx_current_msec} * kNsPerMs);
}

void Edge::every_second() {
    leader_.every_second(!quitting());
    clicks_.every_second();
    delivery_.every_second();
    if (leader_.leading()) {
        rate_sharing_.exchange();
    }
    refresh_gauges();
    second_.start(kSecond_ms);
}

// Once in a while instead of for every redirect: the age decides between HIT and STALE only.
void Edge::refresh_catalog_age() noexcept {
    const uint64_t read_ms = catalog_.stats().log_read_ms;
    catalog_fresh_ = read_ms != 0 && boottime_ms() - read_ms < kStale_ms;
    catalog_age_.start(kCatalogAge_ms);
}

void Edge::refresh_gauges() noexcept {
    WorkerGauges& gauges = counters_.gauges;
    const DeliveryCounts counts = clicks_.counts();
    gauges.pid = static_cast<uint64_t>(getpid());
    gauges.updated_ms = boottime_ms();
    gauges.redis_connected = delivery_.redis().ready();
    gauges.postgres_connected = leader_.connected();
    gauges.leader = leader_.leading();
    gauges.sending_paused = delivery_.paused();
    gauges.clicks_unsent = counts.unsent;
    gauges.clicks_unsettled = counts.unsent + counts.in_flight;
    gauges.oldest_unsettled_ms = counts.oldest_unsettled_ms;
    gauges.segments = counts.segments;
}

}  // namespace coupon
