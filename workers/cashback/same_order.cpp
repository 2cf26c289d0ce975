#include "cashback/same_order.hpp"

#include <map>
#include <set>
#include <utility>

#include "cashback/result_row.hpp"

namespace coupon {
namespace {

// Others that report an order of these, and others that one of these had put aside.
constexpr const char* others_sql =
    "SELECT t.id, t.network, t.transaction_id, t.click_id::text, t.order_ref, t.duplicate_of"
    " FROM affiliate_transactions t JOIN unnest($2::uuid[], $3::text[]) AS one (click_id, "
    "order_ref)"
    "  ON t.click_id = one.click_id AND t.order_ref = one.order_ref"
    " WHERE t.user_id IS NOT NULL AND t.state <> 'rejected' AND t.id <> ALL ($1::bigint[])"
    " UNION ALL SELECT t.id, NULL, NULL, NULL, NULL, t.duplicate_of FROM affiliate_transactions t"
    " WHERE t.duplicate_of = ANY ($1::bigint[]) AND t.id <> ALL ($1::bigint[])";

struct Report {
    std::string network, transaction_id;
    TransactionRow* row = nullptr;  // where it is one of the batch
    std::optional<std::int64_t> duplicate_of;
};

using Order = std::pair<std::string, std::string>;  // click, order reference
using Reports = std::map<Order, std::map<std::int64_t, Report>>;

}  // namespace

std::vector<std::int64_t> settle_same_orders(PgConnection& pg, TransactionRows& rows) {
    Reports orders;
    PgArray ids, clicks, references;
    for (auto& row : rows) {
        ids.add(row.id);
        if (row.duplicate_of) {
            row.duplicate_of.reset();
            row.unmatched.clear();
        }
        if (row.user_id && !row.order_ref.empty() && row.state != NetworkState::rejected) {
            auto& reports = orders[{row.click_id, row.order_ref}];
            if (reports.empty()) {
                clicks.add(row.click_id);
                references.add(row.order_ref);
            }
            reports[row.id] = {row.network, row.transaction_id, &row, std::nullopt};
        }
    }
    std::map<std::int64_t, std::optional<std::int64_t>> others;  // what each is a duplicate of
    const auto found =
        pg.execute(others_sql, {ids.literal(), clicks.literal(), references.literal()});
    for (int i = 0; i < found.rows(); ++i) {
        ResultRow other(found, i);
        const auto id = other.number();
        Report report{other.text(), other.text(), nullptr, std::nullopt};
        Order order{other.text(), other.text()};
        others[id] = other.optional_number();
        if (!order.first.empty()) {
            orders[order].emplace(id, std::move(report));
        }
    }

    std::map<std::int64_t, std::optional<std::int64_t>> wanted;
    for (auto& [order, reports] : orders) {
        const auto& [first_id, first] = *reports.begin();
        for (auto& [id, report] : reports) {
            const auto of = id == first_id ? std::nullopt : std::optional(first_id);
            if (report.row == nullptr) {
                wanted[id] = of;
            } else if (of) {
                report.row->duplicate_of = of;
                report.row->unmatched = "order " + order.second + " is reported by " +
                                        first.network + " " + first.transaction_id + " already";
            }
        }
    }
    std::vector<std::int64_t> changed;
    for (const auto& [id, of] : others) {
        // One that is in no order of these any more is nobody's duplicate here.
        if (const auto it = wanted.find(id);
            of != (it == wanted.end() ? std::nullopt : it->second)) {
            changed.push_back(id);
        }
    }
    return changed;
}

}  // namespace coupon
