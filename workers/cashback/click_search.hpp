// From sub-ids to the clicks that have them.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "cashback/transaction_row.hpp"
#include "core/uuid.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// For some of the rows, named by their places. A row whose click is found gets its columns, and a
// user unless it is a bot's, nobody's or one of several; the others stay as they are.
class ClickSearch {
  public:
    explicit ClickSearch(std::span<TransactionRow> rows) : rows_(rows) {}

    // `id` where the sub-id is one; `is_ours`: the id has the click's time in it.
    void add(std::size_t place, const std::optional<Uuid>& id, bool is_ours);
    // Our own ids first, then ids of other programs, then front ends'. Throws PgError.
    void run(PgConnection& pg);

  private:
    void ask_by_id(PgConnection& pg);
    void ask_by_any_id(PgConnection& pg);
    void ask_by_front_end_id(PgConnection& pg);
    void read(const PgResult& found);

    std::span<TransactionRow> rows_;
    std::map<std::size_t, Uuid> ours_, foreign_;
    std::set<std::size_t> waiting_;
};

}  // namespace coupon
