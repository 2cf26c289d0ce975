// What one worker needs for redirects.
#pragma once

#include "click_journal.hpp"
#include "conf.hpp"
#include "queue_delivery.hpp"
#include "rate_sharing.hpp"
#include "request_facts.hpp"
#include "stats.hpp"

#include "catalog/catalog_zone.hpp"
#include "catalog/rate_zone.hpp"
#include "core/click_id.hpp"
#include "io/offer_miss.hpp"

namespace coupon {

struct RedirectService {
    // All must outlive this.
    RedirectService(MainConf& main, WorkerCounters& counters, ngx_log_t* log);

    CatalogZone& catalog;
    RateZone* rates;  // null: no location has a limit
    DeviceCache devices;
    ClickIdMaker click_ids;
    ClickJournal clicks;
    QueueDelivery delivery;
    OfferMiss misses;
    RateSharing rate_sharing;
    bool catalog_fresh = false;  // the change log was read lately
    char entry[CatalogZone::kBufferBytes];
};

}  // namespace coupon
