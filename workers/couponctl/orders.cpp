#include "couponctl/orders.hpp"

#include <string>

#include "couponctl/duration.hpp"
#include "couponctl/settings.hpp"
#include "runtime/storable_text.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 30'000;

// Paid by our word (a payment that succeeded) or by the order's own, or in review: money may have
// come in that is neither.
constexpr const char* stuck_sql =
    "SELECT o.id::text, o.status::text, COALESCE(o.order_number::text, '-'),"
    "  (extract(epoch FROM now() - o.updated_at) * 1000)::bigint,"
    "  b.kind, b.status, b.attempts::text, b.last_error, r.outcome_reason"
    " FROM orders o LEFT JOIN LATERAL ("
    "   SELECT kind, status, attempts, last_error FROM outbox WHERE order_id = o.id"
    "   ORDER BY created_at DESC LIMIT 1) b ON true"
    " LEFT JOIN LATERAL ("
    "   SELECT l.outcome_reason FROM payments p JOIN webhook_events e ON e.payment_id = p.id"
    "   JOIN webhook_logs l ON l.id = e.log_id WHERE p.order_id = o.id AND l.outcome = 'review'"
    "   ORDER BY e.created_at DESC LIMIT 1) r ON o.status::text = 'review'"
    " WHERE o.status::text NOT IN ('fulfilled', 'refunded')"
    "  AND (o.status::text = 'review' OR o.payment_status::text = 'completed' OR EXISTS"
    "   (SELECT FROM payments p WHERE p.order_id = o.id AND p.status::text = 'success'))"
    "  AND o.updated_at < now() - make_interval(mins => $1::int) ORDER BY o.updated_at, o.id";

std::string reason_of(const PgResult& rows, int row) {
    if (rows.text(row, 1) == "review") {
        return "waits for a review" +
               (rows.is_null(row, 8) ? std::string() : ": " + storable_text(rows.text(row, 8)));
    }
    if (rows.is_null(row, 4)) {
        return "no call was queued";
    }
    const auto error =
        rows.is_null(row, 7) ? std::string() : ": " + storable_text(rows.text(row, 7));
    const std::string status(rows.text(row, 5));
    const auto call = std::string(rows.text(row, 4)) + " ";
    if (status == "failed") {
        return call + "is a dead letter" + error;
    }
    if (status == "completed") {
        return call + "was done" + error;
    }
    return call + "is " + status + " after " + std::string(rows.text(row, 6)) + " attempts" + error;
}

}  // namespace

int list_stuck_orders(int minutes, std::ostream& out) {
    auto pg = configured_postgres(deadline_ms);
    const auto rows = pg.execute(stuck_sql, {std::to_string(minutes)});
    for (int row = 0; row < rows.rows(); ++row) {
        out << rows.text(row, 0) << "  " << storable_text(rows.text(row, 2)) << "  "
            << rows.text(row, 1) << "  " << duration_text(rows.number(row, 3)) << "  "
            << reason_of(rows, row) << '\n';
    }
    if (rows.rows() > 0) {
        out << rows.rows() << " orders are paid and not fulfilled, or in review\n";
    }
    return rows.rows() > 0 ? 1 : 0;
}

}  // namespace coupon
