// The shop's sitemap: https://www.sitemaps.org/protocol.html. Offers and merchants in gzipped files
// of at most 50,000 URLs, and sitemap.xml, which names them.
#pragma once

#include <string>

#include "cron/cron_job.hpp"

namespace coupon {

struct SitemapSettings {
    std::string folder;    // SITEMAP_DIR; empty: no sitemap
    std::string shop_url;  // SHOP_URL, without a slash at its end
    std::string base_url;  // SITEMAP_URL: where the folder is seen from outside; default: SHOP_URL
    std::string offer_path, merchant_path;  // with {uuid}, {id} and {slug}
};

// Throws ConfigError.
SitemapSettings configured_sitemap();

CronJob sitemap(const SitemapSettings& settings);

}  // namespace coupon
