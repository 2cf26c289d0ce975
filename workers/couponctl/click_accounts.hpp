// The accounts of all segments, from the edges' journals and from PostgreSQL.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/uuid.hpp"
#include "couponctl/click_account.hpp"
#include "journal/reader.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

class ClickAccounts {
  public:
    // What the edges told PostgreSQL they served. To be called first of all: what is served later is
    // in no other number yet. Throws PgError.
    void add_served(PgConnection& pg);

    // Counts and records of one journal folder. To be called before add_database: a click that
    // moves meanwhile is then seen at least once. `ids` receives the ids of the records when it is
    // not null. Throws CommandError.
    void add_journal(const std::string& directory, std::vector<Uuid>* ids);

    // Records of segments that the edge has put aside as settled and that PostgreSQL does not have:
    // it was restored from an older backup, or the segment was settled after the snapshot. To be
    // called after add_database.
    void add_retired(const std::string& directory, std::vector<Uuid>* ids);

    // Settlements, clicks and rejects as one snapshot sees them; runs inside the caller's transaction.
    // Throws PgError.
    void add_database(PgConnection& pg);

    [[nodiscard]] const std::map<Uuid, ClickAccount>& segments() const noexcept {
        return segments_;
    }

    // Segments closed before their partition was detached; they are in no other number.
    [[nodiscard]] std::uint64_t closed() const noexcept { return closed_.size(); }

  private:
    void add_records(const JournalReader& reader, const SegmentInfo& segment,
                     std::vector<Uuid>* ids);

    std::map<Uuid, ClickAccount> segments_;
    std::set<Uuid> closed_;
};

}  // namespace coupon
