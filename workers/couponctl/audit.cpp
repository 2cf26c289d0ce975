#include "couponctl/audit.hpp"

#include <algorithm>
#include <iomanip>

#include "core/click_id.hpp"
#include "couponctl/access_log.hpp"
#include "couponctl/click_accounts.hpp"
#include "couponctl/settings.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 60 * 60 * 1000;  // it may have to read every click there is
constexpr std::size_t lines_max = 20;
constexpr std::size_t ids_per_query = 10'000;

// Bounds on the time let PostgreSQL look into few partitions.
constexpr const char* unknown_ids_sql =
    "SELECT logged.id FROM unnest($1::uuid[]) AS logged (id)"
    " WHERE NOT EXISTS (SELECT FROM offer_clicks c WHERE c.click_id = logged.id"
    "   AND c.clicked_at BETWEEN to_timestamp($2::float8 / 1000) - interval '1 s'"
    "                        AND to_timestamp($3::float8 / 1000) + interval '1 s')"
    "   AND NOT EXISTS (SELECT FROM click_rejects r WHERE r.click_id = logged.id)";

void line(std::ostream& out, const char* name, std::uint64_t value) {
    out << std::left << std::setw(14) << name << value << '\n';
}

// Prints what is at fault up to a bound, and how much more there is.
class FaultList {
  public:
    explicit FaultList(std::ostream& out) : out_(out) {}
    ~FaultList() {
        if (count_ > lines_max) {
            out_ << "and " << count_ - lines_max << " more\n";
        }
    }
    FaultList(const FaultList&) = delete;
    FaultList& operator=(const FaultList&) = delete;

    void add(const std::string& text) {
        if (++count_ <= lines_max) {
            out_ << text << '\n';
        }
    }

  private:
    std::ostream& out_;
    std::size_t count_ = 0;
};

struct Totals {
    std::uint64_t served = 0, stored = 0, rejected = 0, unjournaled = 0, pending = 0, missing = 0,
                  unreadable = 0, doubled = 0, unaccounted = 0;

    void add(const ClickAccount& account) {
        served += account.served;
        stored += account.stored;
        rejected += account.rejected;
        unjournaled += account.unjournaled;
        pending += account.pending();
        missing += account.missing();
        unreadable += account.unreadable();
        doubled += account.doubled();
        unaccounted += account.unaccounted();
    }
    [[nodiscard]] bool sound() const { return missing + unreadable + doubled + unaccounted == 0; }
};

std::string describe(const Uuid& id, const ClickAccount& account) {
    return "segment " + to_string(id) + (account.edge.empty() ? "" : " of edge " + account.edge) +
           ": served " + std::to_string(account.served) + ", stored " +
           std::to_string(account.stored) + ", rejected " + std::to_string(account.rejected) +
           ", pending " + std::to_string(account.pending()) + ", missing " +
           std::to_string(account.missing()) + ", unreadable " +
           std::to_string(account.unreadable()) + ", doubled " + std::to_string(account.doubled()) +
           ", unaccounted " + std::to_string(account.unaccounted());
}

bool print_segments(const ClickAccounts& accounts, bool journal_read, std::ostream& out) {
    Totals totals;
    for (const auto& [id, account] : accounts.segments()) {
        totals.add(account);
    }
    line(out, "served", totals.served);
    line(out, "stored", totals.stored);
    line(out, "rejected", totals.rejected);
    line(out, "unjournaled", totals.unjournaled);
    line(out, "pending", totals.pending);
    line(out, "missing", totals.missing);
    line(out, "unreadable", totals.unreadable);
    line(out, "doubled", totals.doubled);
    line(out, "unaccounted", totals.unaccounted);
    if (accounts.closed() > 0) {
        line(out, "closed", accounts.closed());
    }
    if (totals.missing > 0 && !journal_read) {
        out << "no --journal was given: clicks that wait in an edge's journal count as missing\n";
    }
    FaultList faults(out);
    for (const auto& [id, account] : accounts.segments()) {
        if (account.missing() + account.unreadable() + account.doubled() + account.unaccounted() > 0) {
            faults.add(describe(id, account));
        }
    }
    return totals.sound();
}

std::vector<Uuid> ids_not_stored(PgConnection& pg, const std::vector<Uuid>& ids) {
    std::vector<Uuid> unknown;
    for (std::size_t first = 0; first < ids.size(); first += ids_per_query) {
        // Sorted ids are sorted by time.
        const auto last = std::min(first + ids_per_query, ids.size());
        PgArray batch;
        for (auto i = first; i < last; ++i) {
            batch.add(to_string(ids[i]));
        }
        const auto rows =
            pg.execute(unknown_ids_sql, {batch.literal(), std::to_string(click_id_ms(ids[first])),
                                         std::to_string(click_id_ms(ids[last - 1]))});
        for (int row = 0; row < rows.rows(); ++row) {
            unknown.push_back(parse_uuid(rows.text(row, 0)).value_or(Uuid{}));
        }
    }
    return unknown;
}

bool print_log(const LoggedClicks& logged, std::vector<Uuid>& journaled, PgConnection& pg,
               std::ostream& out) {
    std::sort(journaled.begin(), journaled.end());
    std::vector<Uuid> missing;
    std::uint64_t pending = 0;
    for (const auto& id : ids_not_stored(pg, logged.ids)) {
        if (std::binary_search(journaled.begin(), journaled.end(), id)) {
            ++pending;
        } else {
            missing.push_back(id);
        }
    }
    out << "access log: " << logged.lines << " lines, " << logged.ids.size() << " click ids, "
        << logged.unjournaled << " lines unjournaled, " << pending << " ids pending, "
        << missing.size() << " ids missing\n";
    FaultList faults(out);
    for (const auto& id : missing) {
        faults.add("missing " + to_string(id));
    }
    return missing.empty();
}

}  // namespace

int audit_clicks(const AuditOptions& options, std::ostream& out) {
    // In the order in which a click travels, so that one that moves meanwhile is never taken for
    // missing.
    LoggedClicks logged;
    if (!options.access_log.empty()) {
        logged = read_access_log(options.access_log);
    }
    ClickAccounts accounts;
    std::vector<Uuid> journaled;
    auto* const ids = options.access_log.empty() ? nullptr : &journaled;
    auto pg = configured_postgres(deadline_ms);
    accounts.add_served(pg);
    for (const auto& journal : options.journals) {
        accounts.add_journal(journal, ids);
    }
    PgTransaction snapshot(pg);
    pg.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    accounts.add_database(pg);
    for (const auto& journal : options.journals) {
        accounts.add_retired(journal, ids);
    }
    bool sound = print_segments(accounts, !options.journals.empty(), out);
    if (!options.access_log.empty()) {
        sound = print_log(logged, journaled, pg, out) && sound;
    }
    return sound ? 0 : 1;
}

}  // namespace coupon
