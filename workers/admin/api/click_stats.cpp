#include "admin/api/click_stats.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>

#include "admin/api/request_values.hpp"
#include "runtime/clock.hpp"
#include "runtime/environment.hpp"
#include "runtime/pg_transaction.hpp"
#include "runtime/time_text.hpp"
#include "runtime/time_zone.hpp"

namespace coupon {
namespace {

using steady = std::chrono::steady_clock;

constexpr int days_max = 92;
constexpr int offers_max = 100;
constexpr std::int64_t day_s = 86'400;

// $1 are the instants at which the days begin and the last one ends.
#define COUNTED_CLICKS                                              \
    " FROM offer_clicks WHERE clicked_at >= ($1::timestamptz[])[1]" \
    " AND clicked_at < ($1::timestamptz[])[array_length($1::timestamptz[], 1)]"

// Bots and HEAD are stored, and count for nobody.
#define IS_BOT "flags && '{bot,head}'"

constexpr const char* days_sql =
    "SELECT width_bucket(clicked_at, $1::timestamptz[]), " IS_BOT
    ", COALESCE(device_type, 'unknown'), count(*)" COUNTED_CLICKS " GROUP BY 1, 2, 3";

constexpr const char* users_sql = "SELECT count(*) FROM (SELECT DISTINCT user_id" COUNTED_CLICKS
                                  " AND user_id IS NOT NULL AND NOT " IS_BOT ") AS users";

constexpr const char* offers_sql =
    "SELECT top.offer_id, offers.uuid::text, offers.title, merchants.name, top.clicks FROM"
    " (SELECT offer_id, count(*) AS clicks" COUNTED_CLICKS " AND NOT " IS_BOT
    "   AND offer_id IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $2::int) AS top"
    " LEFT JOIN offers ON offers.id = top.offer_id"
    " LEFT JOIN merchants ON merchants.id = offers.merchant_id ORDER BY top.clicks DESC, 1";

constexpr const char* merchants_sql =
    "SELECT COALESCE(merchants.name, top.merchant_id::text), merchants.slug, top.clicks FROM"
    " (SELECT merchant_id, count(*) AS clicks" COUNTED_CLICKS " AND NOT " IS_BOT
    "   AND merchant_id IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $2::int) AS top"
    " LEFT JOIN merchants ON merchants.id = top.merchant_id ORDER BY top.clicks DESC, 1";

#undef COUNTED_CLICKS
#undef IS_BOT

std::string date_text(std::int64_t local_s) {
    return iso_time(local_s * 1000).substr(0, 10);
}

// The days as they begin in the shop's zone, today included.
struct Days {
    std::vector<std::string> names;
    std::string bounds;  // one more than there are days

    Days(const TimeZone& zone, int count) {
        PgArray instants;
        const auto now_s = unix_now_s();
        const auto today = (now_s + zone.offset_at(now_s)) / day_s;
        for (auto day = today - count + 1; day <= today + 1; ++day) {
            instants.add(iso_time(zone.unix_time(day * day_s) * 1000));
            if (day <= today) {
                names.push_back(date_text(day * day_s));
            }
        }
        bounds = instants.literal();
    }
};

Json count_days(PgConnection& pg, const Days& days, Json& totals) {
    struct Day {
        std::int64_t clicks = 0, bots = 0;
        std::map<std::string, std::int64_t> devices{{"mobile", 0}, {"tablet", 0}, {"desktop", 0}};
    };
    std::vector<Day> counted(days.names.size());
    const auto rows = pg.execute(days_sql, {days.bounds});
    for (int row = 0; row < rows.rows(); ++row) {
        auto& day = counted.at(static_cast<std::size_t>(rows.number(row, 0)) - 1);
        const auto count = rows.number(row, 3);
        if (rows.text(row, 1) == "t") {
            day.bots += count;
        } else {
            day.clicks += count;
            day.devices[std::string(rows.text(row, 2))] += count;
        }
    }
    auto list = Json::array();
    std::int64_t clicks = 0;
    std::int64_t bots = 0;
    for (std::size_t i = 0; i < counted.size(); ++i) {
        clicks += counted[i].clicks;
        bots += counted[i].bots;
        list.push_back({{"day", days.names[i]},
                        {"clicks", counted[i].clicks},
                        {"bots", counted[i].bots},
                        {"devices", counted[i].devices}});
    }
    totals = {{"clicks", clicks}, {"bots", bots}};
    return list;
}

Json count_offers(PgConnection& pg, const std::vector<PgParameter>& values) {
    auto list = Json::array();
    const auto rows = pg.execute(offers_sql, values);
    for (int row = 0; row < rows.rows(); ++row) {
        list.push_back({{"offer", number_or_null(rows, row, 0)},
                        {"uuid", text_or_null(rows, row, 1)},
                        {"title", text_or_null(rows, row, 2)},
                        {"merchant", text_or_null(rows, row, 3)},
                        {"clicks", number_or_null(rows, row, 4)}});
    }
    return list;
}

Json count_merchants(PgConnection& pg, const std::vector<PgParameter>& values) {
    auto list = Json::array();
    const auto rows = pg.execute(merchants_sql, values);
    for (int row = 0; row < rows.rows(); ++row) {
        list.push_back({{"merchant", text_or_null(rows, row, 0)},
                        {"slug", text_or_null(rows, row, 1)},
                        {"clicks", number_or_null(rows, row, 2)}});
    }
    return list;
}

Json count_clicks(PgConnection& pg, int days_count, int limit) {
    const auto name = environment_value("COUPON_TZ").value_or("Asia/Kolkata");
    const Days days(configured_time_zone("COUPON_TZ", "Asia/Kolkata"), days_count);
    const std::vector<PgParameter> values{days.bounds, std::to_string(limit)};
    PgTransaction snapshot(pg);
    pg.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    pg.execute("SET LOCAL statement_timeout = '6s'");
    Json totals;
    auto list = count_days(pg, days, totals);
    auto offers = count_offers(pg, values);
    auto merchants = count_merchants(pg, values);
    totals["users"] = pg.execute(users_sql, {days.bounds}).number(0, 0);
    return {{"at", iso_now()},
            {"zone", name},
            {"days", std::move(list)},
            {"top_offers", std::move(offers)},
            {"top_merchants", std::move(merchants)},
            {"totals", std::move(totals)}};
}

// The last answers. One request counts at a time; the others get what is known.
class StatsKeeper {
  public:
    std::string answer(PgConnection& pg, int days, int limit) {
        const auto now = steady::now();
        std::unique_lock lock(mutex_);
        auto& kept = kept_[{days, limit}];
        if (!kept.body.empty() && now < kept.good_until) {
            return kept.body;
        }
        if (counting_) {
            if (!kept.body.empty()) {
                return kept.body;
            }
            throw AdminError{503, "unavailable", "clicks are being counted: ask again in a moment"};
        }
        counting_ = true;
        lock.unlock();
        std::optional<Json> counted;
        try {
            counted = count_clicks(pg, days, limit);
        } catch (...) {
            lock.lock();
            counting_ = false;
            throw;
        }
        lock.lock();
        counting_ = false;
        if (kept_.size() > kept_max) {
            kept_.clear();
        }
        // What took long is kept longer: counting must not be all that PostgreSQL does.
        const auto took = steady::now() - now;
        auto body = json_answer(*counted).body;
        kept_[{days, limit}] = {body, steady::now() + std::max<steady::duration>(least, took * 20)};
        return body;
    }

  private:
    static constexpr std::size_t kept_max = 32;
    static constexpr std::chrono::seconds least{2};
    struct Kept {
        std::string body;
        steady::time_point good_until;
    };
    std::mutex mutex_;
    std::map<std::pair<int, int>, Kept> kept_;
    bool counting_ = false;
};

}  // namespace

AdminAnswer answer_click_stats(const AdminRequest& request, AdminResources& resources) {
    static StatsKeeper keeper;
    const auto days = query_number(request, "days", 7, 1, days_max);
    const auto limit = query_number(request, "limit", 10, 1, offers_max);
    AdminAnswer answer;
    try {
        answer.body = keeper.answer(resources.pg, days, limit);
    } catch (const PgError& error) {
        if (error.sqlstate() == "57014") {
            throw AdminError{503, "unavailable", "counting takes too long: ask for fewer days"};
        }
        throw;
    }
    return answer;
}

}  // namespace coupon
