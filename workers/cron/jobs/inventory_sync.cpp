#include "cron/jobs/inventory_sync.hpp"

#include "cron/jobs/inventory.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/http_client.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr std::size_t answer_bytes_max = 16 << 20;
constexpr std::chrono::seconds timeout{60};
constexpr std::size_t items_a_step = 5'000;

constexpr const char* table_sql =
    "CREATE TEMPORARY TABLE inventory (sku text PRIMARY KEY, stock integer NOT NULL,"
    " price numeric(14,2), active boolean) ON COMMIT DROP";
constexpr const char* fill_sql =
    "INSERT INTO inventory SELECT * FROM"
    " unnest($1::text[], $2::integer[], $3::numeric[], $4::boolean[])";
// Of the SKUs that the last sync met: how many there are, how many the source still names.
constexpr const char* known_sql =
    "SELECT count(*), count(i.sku) FROM product_variants v LEFT JOIN inventory i USING (sku)"
    " WHERE v.stock_synced_at IS NOT NULL";
constexpr const char* unknown_sql =
    "SELECT count(*) FROM inventory i"
    " WHERE NOT EXISTS (SELECT FROM product_variants v WHERE v.sku = i.sku)";
// What is as it was is not written, but for the first time.
constexpr const char* apply_sql =
    "UPDATE product_variants v SET stock = i.stock, price = COALESCE(i.price, v.price),"
    " is_active = COALESCE(i.active, v.is_active), stock_synced_at = now()"
    " FROM inventory i WHERE v.sku = i.sku AND (v.stock_synced_at IS NULL"
    "  OR (v.stock, v.price, v.is_active) IS DISTINCT FROM"
    "   (i.stock, COALESCE(i.price, v.price), COALESCE(i.active, v.is_active)))";

// Else those that go over the years would one day be most of them.
constexpr const char* forget_sql =
    "UPDATE product_variants v SET stock_synced_at = NULL WHERE v.stock_synced_at IS NOT NULL"
    " AND NOT EXISTS (SELECT FROM inventory i WHERE i.sku = v.sku)";

std::vector<InventoryItem> fetch(const InventorySettings& settings) {
    if (settings.url.empty()) {
        throw ConfigError("INVENTORY_URL, where the inventory comes from, is not set");
    }
    HttpRequest request;
    request.url = settings.url;
    request.headers.emplace_back("Accept", "application/json");
    if (!settings.token.empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + settings.token);
    }
    request.timeout = timeout;
    request.answer_max_bytes = answer_bytes_max;
    HttpClient client;
    const auto answer = client.send(request);
    if (answer.outcome != HttpAnswer::Outcome::answered) {
        throw CommandError("the inventory's source did not answer: " + answer.error);
    }
    if (!answer.ok()) {
        throw CommandError("the inventory's source answered " + std::to_string(answer.status));
    }
    return read_inventory(answer.body);
}

void fill(PgConnection& pg, const std::vector<InventoryItem>& items, std::size_t first) {
    PgArray skus, stocks, prices, actives;
    for (auto i = first; i < std::min(items.size(), first + items_a_step); ++i) {
        skus.add(items[i].sku);
        stocks.add(items[i].stock);
        items[i].price ? prices.add(*items[i].price) : prices.add_null();
        items[i].active ? actives.add(*items[i].active ? "t" : "f") : actives.add_null();
    }
    pg.execute(fill_sql, {skus.literal(), stocks.literal(), prices.literal(), actives.literal()});
}

nlohmann::ordered_json apply(CronRun& run, const std::vector<InventoryItem>& items) {
    PgTransaction transaction(run.pg);
    run.fence();
    run.pg.execute(table_sql);
    for (std::size_t first = 0; first < items.size(); first += items_a_step) {
        fill(run.pg, items, first);
    }
    const auto known = run.pg.execute(known_sql);
    const auto before = known.number(0, 0);
    const auto named = known.number(0, 1);
    if (named * 2 < before) {
        throw CommandError("the inventory cannot be believed: of " + std::to_string(before) +
                           " SKUs that were synced before it names " + std::to_string(named) +
                           "; nothing was changed");
    }
    const auto unknown = run.pg.execute(unknown_sql).number(0, 0);
    const auto changed = run.pg.execute(apply_sql).affected();
    run.pg.execute(forget_sql);
    transaction.commit();
    return {{"items", items.size()},
            {"changed", changed},
            {"unknown", unknown},
            {"not_named", before - named}};
}

}  // namespace

InventorySettings configured_inventory() {
    InventorySettings settings{environment_value("INVENTORY_URL").value_or(""),
                               environment_value("INVENTORY_TOKEN").value_or("")};
    if (!settings.url.empty() && !settings.url.starts_with("https://") &&
        !settings.url.starts_with("http://")) {
        throw ConfigError("INVENTORY_URL begins with neither https:// nor http://");
    }
    return settings;
}

CronJob inventory_sync(const InventorySettings& settings) {
    return {"inventory_sync", "Bring stock and prices up to date from the inventory's source",
            settings.url.empty() ? "off" : "hourly :10", [settings](CronRun& run) {
                const auto items = fetch(settings);
                return apply(run, items);
            }};
}

}  // namespace coupon
