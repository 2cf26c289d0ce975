#include "cron/jobs/sitemap.hpp"

#include <filesystem>

#include "core/percent.hpp"
#include "cron/jobs/sitemap_files.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr const char* page_rows = "5000";

// Both give id, uuid, slug and the time of the last change, after the id that was given.
constexpr const char* offers_sql =
    "SELECT o.id, o.uuid, m.slug,"
    " to_char(o.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    " FROM offers o JOIN merchants m ON m.id = o.merchant_id"
    " WHERE o.id > $1::bigint AND o.deleted_at IS NULL AND o.is_verified AND o.is_active"
    " AND m.is_active AND (o.starts_at IS NULL OR o.starts_at <= now())"
    " AND (o.expires_at IS NULL OR o.expires_at > now()) ORDER BY o.id LIMIT $2::bigint";
constexpr const char* merchants_sql =
    "SELECT id, uuid, slug, to_char(updated_at AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    " FROM merchants WHERE id > $1::bigint AND is_active ORDER BY id LIMIT $2::bigint";

std::string path_setting(const std::string& name, const std::string& by_default) {
    auto path = environment_value(name).value_or(by_default);
    if (path.front() != '/' ||
        (path.find("{uuid}") == std::string::npos && path.find("{slug}") == std::string::npos &&
         path.find("{id}") == std::string::npos)) {
        throw ConfigError(name + " must begin with / and hold {uuid}, {slug} or {id}");
    }
    return path;
}

std::string filled_in(std::string path, const PgResult& rows, int row) {
    constexpr const char* names[] = {"{id}", "{uuid}", "{slug}"};
    for (int column = 0; column < 3; ++column) {
        const std::string_view name = names[column];
        const auto place = path.find(name);
        if (place != std::string::npos) {
            path.replace(place, name.size(), percent_encoded(rows.text(row, column)));
        }
    }
    return path;
}

// False: a stop is requested.
bool add_pages(CronRun& run, const char* sql, const std::string& url, SitemapFiles& files) {
    std::string after = "0";
    while (!run.stop.requested()) {
        run.fence();
        const auto rows = run.pg.execute(sql, {after, page_rows});
        if (rows.rows() == 0) {
            return true;
        }
        for (int row = 0; row < rows.rows(); ++row) {
            files.add(filled_in(url, rows, row), rows.text(row, 3));
        }
        after = rows.text(rows.rows() - 1, 0);
    }
    return false;
}

}  // namespace

SitemapSettings configured_sitemap() {
    SitemapSettings settings;
    settings.folder = base_url("SITEMAP_DIR", "");
    settings.shop_url = base_url("SHOP_URL", "");
    settings.base_url = base_url("SITEMAP_URL", settings.shop_url);
    settings.offer_path = path_setting("SITEMAP_OFFER_PATH", "/offers/{uuid}");
    settings.merchant_path = path_setting("SITEMAP_MERCHANT_PATH", "/stores/{slug}");
    if (settings.folder.empty()) {
        return settings;
    }
    if (settings.shop_url.empty()) {
        throw ConfigError("SITEMAP_DIR is set and SHOP_URL, with which its links begin, is not");
    }
    if (!std::filesystem::is_directory(settings.folder)) {
        throw ConfigError("SITEMAP_DIR is no folder");
    }
    return settings;
}

CronJob sitemap(const SitemapSettings& settings) {
    const auto work = [settings](CronRun& run) -> nlohmann::ordered_json {
        if (settings.folder.empty()) {
            throw ConfigError("SITEMAP_DIR, the folder of the sitemap, is not set");
        }
        SitemapFiles files(settings.folder, settings.base_url, std::to_string(run.due_s));
        const bool whole =
            add_pages(run, merchants_sql, settings.shop_url + settings.merchant_path, files) &&
            add_pages(run, offers_sql, settings.shop_url + settings.offer_path, files);
        if (!whole) {
            return {{"interrupted", true}};
        }
        run.fence();
        files.publish();
        return {{"urls", files.urls()}, {"files", files.files()}};
    };
    return {"sitemap", "Write the sitemap of offers and merchants",
            settings.folder.empty() ? "off" : "daily 04:00", work};
}

}  // namespace coupon
