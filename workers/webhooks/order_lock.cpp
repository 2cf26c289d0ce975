#include "webhooks/order_lock.hpp"

#include <exception>
#include <utility>

namespace coupon {
namespace {

constexpr const char* lock_sql =
    "SELECT pg_try_advisory_lock(hashtextextended('coupon order call ' || $1::text, 0))";
constexpr const char* unlock_sql =
    "SELECT pg_advisory_unlock(hashtextextended('coupon order call ' || $1::text, 0))";

}  // namespace

OrderLock::OrderLock(PgConnection& pg, std::string order) : pg_(pg), order_(std::move(order)) {
    held_ = pg_.execute(lock_sql, {order_}).text(0, 0) == "t";
}

OrderLock::~OrderLock() {
    if (!held_) {
        return;
    }
    try {
        pg_.execute(unlock_sql, {order_});
    } catch (const std::exception&) {
        pg_.close();  // and the lock with it
    }
}

}  // namespace coupon
