#include "cashback/matching.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "cashback/result_row.hpp"
#include "core/click_id.hpp"

namespace coupon {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t clock_skew_ms = hour_ms;
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

constexpr const char* owners_sql =
    "SELECT asked.place, u.id IS NOT NULL, o.id IS NOT NULL, o.category_id,"
    "  COALESCE(asked.merchant_id, o.merchant_id), m.id IS NOT NULL"
    " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])"
    "  AS asked (place, user_id, offer_id, merchant_id)"
    " LEFT JOIN users u ON u.id = asked.user_id LEFT JOIN offers o ON o.id = asked.offer_id"
    " LEFT JOIN merchants m ON m.id = COALESCE(asked.merchant_id, o.merchant_id)";

void give_up(TransactionRow& row, std::string reason) {
    row.unmatched = std::move(reason);
    row.user_id.reset();
}

bool is_front_end_id(const std::string& text) {
    return text.size() <= front_end_id_bytes_max &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// The rows that a click is still looked for, by their places.
class ClickSearch {
  public:
    explicit ClickSearch(std::span<TransactionRow> rows) : rows_(rows) {}

    void add(std::size_t place, const std::optional<Uuid>& id, bool is_ours) {
        if (id) {
            (is_ours ? ours_ : foreign_).emplace(place, *id);
        }
        waiting_.insert(place);
    }

    void run(PgConnection& pg) {
        if (!ours_.empty()) {
            PgArray places, ids, times;
            for (const auto& [place, id] : ours_) {
                places.add(static_cast<std::int64_t>(place));
                ids.add(to_string(id));
                times.add(static_cast<std::int64_t>(click_id_ms(id)));
            }
            read(pg.execute(by_id_sql, {places.literal(), ids.literal(), times.literal()}));
        }
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
        ask_front_end(pg);
    }

  private:
    void ask_front_end(PgConnection& pg) {
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

    void read(const PgResult& found) {
        std::map<std::size_t, bool> seen;  // by place: whether its first click is a bot's
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
            if (const auto [first, is_first] = seen.emplace(place, is_bot); !is_first) {
                if (!is_bot && !first->second) {
                    give_up(row, "several clicks have this id");
                    row.click_id.clear();
                }
                if (is_bot || !first->second) {
                    continue;
                }
                first->second = false;
            }
            row.click_id = std::move(id);
            row.clicked_ms = clicked_ms;
            row.offer_id = offer;
            row.merchant_id = merchant;
            row.user_id = user;
            row.unmatched = is_bot ? "the click is a bot's" : user ? "" : "the click has no user";
            if (is_bot) {
                row.user_id.reset();
            }
            waiting_.erase(place);
        }
    }

    std::span<TransactionRow> rows_;
    std::map<std::size_t, Uuid> ours_, foreign_;
    std::set<std::size_t> waiting_;
};

void check_window(TransactionRow& row, std::int64_t attribution_days) {
    if (!row.occurred_ms || !row.clicked_ms) {
        return;
    }
    const auto after_ms = *row.occurred_ms - *row.clicked_ms;
    if (after_ms > attribution_days * 24 * hour_ms) {
        give_up(row, "the purchase was more than " + std::to_string(attribution_days) +
                         " days after the click");
    } else if (after_ms < -clock_skew_ms) {
        give_up(row, "the purchase was before the click");
    }
}

void check_owners(PgConnection& pg, std::span<TransactionRow> rows) {
    PgArray places, users, offers, merchants;
    for (std::size_t place = 0; place < rows.size(); ++place) {
        if (rows[place].user_id) {
            places.add(static_cast<std::int64_t>(place));
            users.add(*rows[place].user_id);
            add_optional(offers, rows[place].offer_id);
            add_optional(merchants, rows[place].merchant_id);
        }
    }
    if (places.empty()) {
        return;
    }
    const auto found = pg.execute(
        owners_sql, {places.literal(), users.literal(), offers.literal(), merchants.literal()});
    for (int i = 0; i < found.rows(); ++i) {
        ResultRow owner(found, i);
        auto& row = rows[static_cast<std::size_t>(owner.number())];
        const bool has_user = owner.flag();
        const bool has_offer = owner.flag();
        row.category_id = owner.optional_number();
        row.merchant_id = owner.optional_number();
        const bool has_merchant = owner.flag();
        if (!has_user || !has_offer || !has_merchant) {
            give_up(row, std::string("the ") +
                             (!has_user    ? "user"
                              : !has_offer ? "offer"
                                           : "merchant") +
                             " is gone");
        }
    }
}

}  // namespace

void find_owners(PgConnection& pg, std::span<const SipKey> click_keys,
                 std::int64_t attribution_days, std::span<TransactionRow> rows) {
    ClickSearch search(rows);
    for (std::size_t place = 0; place < rows.size(); ++place) {
        auto& row = rows[place];
        if (!row.is_readable || (row.user_id && row.matched_subid == row.subid)) {
            continue;
        }
        row.click_id.clear();
        row.clicked_ms = row.offer_id = row.merchant_id = std::nullopt;
        give_up(row, "there is no such click");
        const auto id = parse_uuid(row.subid);
        if (row.subid.empty()) {
            row.unmatched = "there is no sub-id";
        } else if (!id || (id->bytes[6] >> 4) != 7) {
            search.add(place, id, false);
        } else if (click_keys.empty() || verify_click_id(*id, click_keys)) {
            search.add(place, id, true);
        } else {
            row.unmatched = "the click id's tag is wrong";
        }
    }
    search.run(pg);
    for (auto& row : rows) {
        if (row.user_id) {
            check_window(row, attribution_days);
        }
    }
    check_owners(pg, rows);
}

}  // namespace coupon
