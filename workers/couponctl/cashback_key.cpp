#include "couponctl/cashback_key.hpp"

#include <algorithm>

#include "core/uuid.hpp"

namespace coupon {
namespace {

constexpr std::size_t purchases_max = 50;

#define COUPON_NEWEST " ORDER BY id DESC LIMIT 51"

// The networks are found by the index over their names.
constexpr const char* by_transaction_sql =
    "WITH RECURSIVE networks AS (SELECT min(network) AS name FROM affiliate_transactions UNION ALL"
    "  SELECT (SELECT min(network) FROM affiliate_transactions WHERE network > name)"
    "   FROM networks WHERE name IS NOT NULL)"
    " SELECT id::text FROM affiliate_transactions WHERE transaction_id = $1"
    " AND network = ANY (ARRAY(SELECT name FROM networks))" COUPON_NEWEST;
constexpr const char* by_network_sql =
    "SELECT id::text FROM affiliate_transactions WHERE network = $1 AND transaction_id = "
    "$2" COUPON_NEWEST;
constexpr const char* by_order_sql =
    "SELECT id::text FROM affiliate_transactions WHERE order_ref = $1" COUPON_NEWEST;
constexpr const char* by_user_sql =
    "SELECT id::text FROM affiliate_transactions WHERE user_id = $1::bigint" COUPON_NEWEST;
constexpr const char* by_click_sql =
    "SELECT id::text FROM affiliate_transactions WHERE click_id = $1::uuid" COUPON_NEWEST;
constexpr const char* by_subid_sql =
    "SELECT id::text FROM affiliate_transactions WHERE subid = $1" COUPON_NEWEST;

constexpr const char* click_sql =
    "SELECT click_id::text FROM offer_clicks_all WHERE click_id = $1::uuid LIMIT 1";
constexpr const char* front_end_click_sql =
    "SELECT click_id::text FROM offer_clicks_all WHERE frontend_click_id = $1 LIMIT 51";
constexpr const char* users_clicks_sql =
    "SELECT click_id::text FROM offer_clicks_all c WHERE user_id = $1::bigint AND NOT EXISTS"
    "  (SELECT FROM affiliate_transactions t WHERE t.click_id = c.click_id)"
    " ORDER BY clicked_at DESC LIMIT 10";
constexpr const char* order_number_sql =
    "SELECT user_id::text FROM orders WHERE order_number::text = $1 AND user_id IS NOT NULL LIMIT "
    "1";

std::vector<std::string> ids_of(const PgResult& rows) {
    std::vector<std::string> ids;
    for (int row = 0; row < rows.rows(); ++row) {
        ids.emplace_back(rows.text(row, 0));
    }
    return ids;
}

bool is_number(const std::string& text) {
    return !text.empty() && text.size() <= 18 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class Search {
  public:
    explicit Search(PgConnection& pg) : pg_(pg) {}

    [[nodiscard]] bool found() const {
        return !found_.transactions.empty() || !found_.clicks.empty();
    }

    void transactions(const char* sql, const std::vector<PgParameter>& values) {
        for (auto& id : ids_of(pg_.execute(sql, values))) {
            if (std::find(found_.transactions.begin(), found_.transactions.end(), id) ==
                found_.transactions.end()) {
                found_.transactions.push_back(std::move(id));
            }
        }
    }

    void click(const std::string& text) {
        if (parse_uuid(text)) {
            transactions(by_click_sql, {text});
            if (!found()) {
                found_.clicks = ids_of(pg_.execute(click_sql, {text}));
            }
        }
        if (!found()) {
            for (const auto& id : ids_of(pg_.execute(front_end_click_sql, {text}))) {
                const auto before = found_.transactions.size();
                transactions(by_click_sql, {id});
                if (found_.transactions.size() == before) {
                    found_.clicks.push_back(id);
                }
            }
        }
        if (found_.transactions.empty()) {
            transactions(by_subid_sql, {text});
        }
    }

    void order(const std::string& text) {
        transactions(by_order_sql, {text});
        if (!found()) {
            const auto owner = pg_.execute(order_number_sql, {text});
            if (owner.rows() > 0) {
                user(std::string(owner.text(0, 0)));
            }
        }
    }

    void user(const std::string& text) {
        if (is_number(text)) {
            transactions(by_user_sql, {text});
            found_.clicks = ids_of(pg_.execute(users_clicks_sql, {text}));
        }
    }

    TracedPurchases result() {
        for (auto* ids : {&found_.transactions, &found_.clicks}) {
            found_.more = found_.more || ids->size() > purchases_max;
            ids->resize(std::min(ids->size(), purchases_max));
        }
        return std::move(found_);
    }

  private:
    PgConnection& pg_;
    TracedPurchases found_;
};

}  // namespace

TracedPurchases find_purchases(PgConnection& pg, const std::string& key) {
    Search search(pg);
    const auto colon = key.find(':');
    if (colon != std::string::npos) {
        const auto kind = key.substr(0, colon);
        const auto value = key.substr(colon + 1);
        if (kind == "click") {
            search.click(value);
        } else if (kind == "order") {
            search.order(value);
        } else if (kind == "user") {
            search.user(value);
        } else if (kind == "transaction") {
            search.transactions(by_transaction_sql, {value});
        } else {
            search.transactions(by_network_sql, {kind, value});
        }
    }
    if (!search.found()) {
        search.transactions(by_transaction_sql, {key});
        search.transactions(by_order_sql, {key});
    }
    if (!search.found()) {
        search.click(key);
    }
    if (!search.found()) {
        search.order(key);
    }
    if (!search.found()) {
        search.user(key);
    }
    return search.result();
}

}  // namespace coupon
