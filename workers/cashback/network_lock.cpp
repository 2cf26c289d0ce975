#include "cashback/network_lock.hpp"

namespace coupon {
namespace {

constexpr const char* lock_sql =
    "SELECT pg_try_advisory_lock(hashtext('coupon cashback run'), hashtext($1)),"
    " pg_backend_pid()";

constexpr const char* unlock_sql =
    "SELECT pg_advisory_unlock(hashtext('coupon cashback run'), hashtext($1))";

}  // namespace

NetworkLock::NetworkLock(PgConnection& pg, const std::string& network)
    : pg_(pg), network_(network) {
    const auto row = pg_.execute(lock_sql, {network_});
    if (row.text(0, 0) == "t") {
        session_ = row.text(0, 1);
    }
}

NetworkLock::~NetworkLock() {
    if (!held()) {
        return;
    }
    try {
        check();
        pg_.execute(unlock_sql, {network_});
    } catch (const std::exception&) {
        // The session, and the lock with it, ends here where it has not ended already.
        pg_.close();
    }
}

void NetworkLock::check() const {
    if (pg_.execute("SELECT pg_backend_pid()").text(0, 0) != session_) {
        throw PgError("the connection broke, and the lock of " + network_ + " with it", "08006");
    }
}

}  // namespace coupon
