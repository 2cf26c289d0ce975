// BEGIN now, ROLLBACK unless committed.
#pragma once

#include "runtime/pg_connection.hpp"

namespace coupon {

class PgTransaction {
  public:
    explicit PgTransaction(PgConnection& pg) : pg_(pg) { pg_.execute("BEGIN"); }

    ~PgTransaction() {
        if (committed_) {
            return;
        }
        try {
            pg_.execute("ROLLBACK");
        } catch (const PgError&) {
            // The connection is gone and the transaction with it.
            pg_.close();
        }
    }

    PgTransaction(const PgTransaction&) = delete;
    PgTransaction& operator=(const PgTransaction&) = delete;

    // Throws PgError. When the connection breaks here, nobody knows whether the transaction is in:
    // whoever repeats it must be able to.
    void commit() {
        pg_.execute("COMMIT");
        committed_ = true;
    }

  private:
    PgConnection& pg_;
    bool committed_ = false;
};

}  // namespace coupon
