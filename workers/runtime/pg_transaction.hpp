// BEGIN now, ROLLBACK unless committed.
#pragma once

#include "runtime/pg_connection.hpp"

namespace coupon {

class PgTransaction {
  public:
    explicit PgTransaction(PgConnection& pg) : pg_(pg) {
        pg_.execute("BEGIN");
        pg_.hold(true);
    }

    ~PgTransaction() {
        if (!committed_) {
            roll_back();
        }
        pg_.hold(false);
    }

    PgTransaction(const PgTransaction&) = delete;
    PgTransaction& operator=(const PgTransaction&) = delete;

    // Throws PgError, also when a statement before failed and its error was caught. When the
    // connection breaks here, nobody knows whether the transaction is in: whoever repeats it must
    // be able to.
    void commit() {
        const auto result = pg_.execute("COMMIT");
        if (result.command() != "COMMIT") {
            throw PgError("PostgreSQL rolled back a transaction in which a statement had failed",
                          "25P02");
        }
        committed_ = true;
    }

  private:
    void roll_back() noexcept {
        try {
            pg_.execute("ROLLBACK");
        } catch (const std::exception&) {
            // The connection is gone and the transaction with it.
            pg_.close();
        }
    }

    PgConnection& pg_;
    bool committed_ = false;
};

}  // namespace coupon
