#include "cashback/matching.hpp"

#include "cashback/click_search.hpp"
#include "cashback/result_row.hpp"
#include "cashback/unmatched_reasons.hpp"
#include "core/click_id.hpp"

namespace coupon {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t clock_skew_ms = hour_ms;

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
            row.unmatched = reasons::no_sub_id;
        } else if (!id || (id->bytes[6] >> 4) != 7) {
            search.add(place, id, false);
        } else if (click_keys.empty() || verify_click_id(*id, click_keys)) {
            search.add(place, id, true);
        } else {
            row.unmatched = reasons::wrong_tag;
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
