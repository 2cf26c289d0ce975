#include "cashback/click_search.hpp"

#include <algorithm>

#include "cashback/result_row.hpp"
#include "cashback/unmatched_reasons.hpp"
#include "core/click_id.hpp"

namespace coupon {
namespace {

constexpr std::size_t front_end_id_bytes_max = 64;

#define COUPON_CLICK_COLUMNS                                                            \
    "asked.place, c.click_id::text, (extract(epoch FROM c.clicked_at) * 1000)::bigint," \
    " c.offer_id, c.merchant_id, c.user_id, COALESCE(c.flags && '{bot,head}', false)"

// The id's own millisecond leads to one partition.
constexpr const char* by_id_sql =
    "SELECT " COUPON_CLICK_COLUMNS
    " FROM unnest($1::bigint[], $2::uuid[], $3::bigint[]) AS asked (place, id, ms)"
    " JOIN offer_clicks c ON c.click_id = asked.id"
    "  AND c.clicked_at = timestamptz 'epoch' + asked.ms * interval '1 millisecond'";

// Clicks that another program recorded: their time says nothing of their id.
constexpr const char* by_any_id_sql = "SELECT " COUPON_CLICK_COLUMNS
                                      " FROM unnest($1::bigint[], $2::uuid[]) AS asked (place, id)"
                                      " JOIN offer_clicks_all c ON c.click_id = asked.id";

// Two are enough to know that there are several; those of bots come last.
constexpr const char* by_front_end_id_sql =
    "SELECT " COUPON_CLICK_COLUMNS
    " FROM unnest($1::bigint[], $2::text[]) AS asked (place, id) CROSS JOIN LATERAL ("
    "  SELECT * FROM offer_clicks_all a WHERE a.frontend_click_id = asked.id"
    "  ORDER BY COALESCE(a.flags && '{bot,head}', false) LIMIT 2) c";

bool is_front_end_id(const std::string& text) {
    return text.size() <= front_end_id_bytes_max &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

void ClickSearch::add(std::size_t place, const std::optional<Uuid>& id, bool is_ours) {
    if (id) {
        (is_ours ? ours_ : foreign_).emplace(place, *id);
    }
    waiting_.insert(place);
}

void ClickSearch::run(PgConnection& pg) {
    ask_by_id(pg);
    ask_by_any_id(pg);
    ask_by_front_end_id(pg);
}

void ClickSearch::ask_by_id(PgConnection& pg) {
    PgArray places, ids, times;
    for (const auto& [place, id] : ours_) {
        places.add(static_cast<std::int64_t>(place));
        ids.add(to_string(id));
        times.add(static_cast<std::int64_t>(click_id_ms(id)));
    }
    if (!places.empty()) {
        read(pg.execute(by_id_sql, {places.literal(), ids.literal(), times.literal()}));
    }
}

void ClickSearch::ask_by_any_id(PgConnection& pg) {
    PgArray places, ids;
    for (const auto* asked : {&ours_, &foreign_}) {
        for (const auto& [place, id] : *asked) {
            if (waiting_.contains(place)) {
                places.add(static_cast<std::int64_t>(place));
                ids.add(to_string(id));
            }
        }
    }
    if (!places.empty()) {
        read(pg.execute(by_any_id_sql, {places.literal(), ids.literal()}));
    }
}

void ClickSearch::ask_by_front_end_id(PgConnection& pg) {
    PgArray places, ids;
    for (const auto place : waiting_) {
        if (is_front_end_id(rows_[place].subid)) {
            places.add(static_cast<std::int64_t>(place));
            ids.add(rows_[place].subid);
        }
    }
    if (!places.empty()) {
        read(pg.execute(by_front_end_id_sql, {places.literal(), ids.literal()}));
    }
}

void ClickSearch::read(const PgResult& found) {
    std::map<std::size_t, int> people;  // by place: how many of its clicks are no bot's
    for (int i = 0; i < found.rows(); ++i) {
        ResultRow click(found, i);
        const auto place = static_cast<std::size_t>(click.number());
        auto& row = rows_[place];
        auto id = click.text();
        const auto clicked_ms = click.optional_number();
        const auto offer = click.optional_number();
        const auto merchant = click.optional_number();
        const auto user = click.optional_number();
        const bool is_bot = click.flag();
        auto& before = people[place];
        if (before > 0) {
            if (!is_bot) {
                row.unmatched = "several clicks have this id";
                row.user_id.reset();
                row.click_id.clear();
            }
            continue;
        }
        before += is_bot ? 0 : 1;
        row.click_id = std::move(id);
        row.clicked_ms = clicked_ms;
        row.offer_id = offer;
        row.merchant_id = merchant;
        row.user_id = is_bot ? std::nullopt : user;
        row.unmatched = is_bot ? reasons::bot : user ? "" : "the click has no user";
        waiting_.erase(place);
    }
}

}  // namespace coupon
