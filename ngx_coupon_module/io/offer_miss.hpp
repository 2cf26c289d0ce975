// Asks PostgreSQL about offers the catalogue does not hold: each offer once at a time per edge,
// all that wait in this worker in one statement, over one connection made when first needed.
#pragma once

#include "catalog/catalog_zone.hpp"
#include "io/next_turn.hpp"
#include "io/pg_connection.hpp"
#include "io/timer.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace coupon {

enum class MissOutcome : uint8_t {
    found,    // the offer is in the catalogue now
    unknown,  // there is no such offer, or it may not be redirected to
    failed,   // nobody could tell in time
};

class OfferMiss {
  public:
    using Callback = std::function<void(MissOutcome)>;
    // `reason` says why an offer is not redirected to; empty when it is, or when nobody could tell.
    using ExplainCallback = std::function<void(MissOutcome, const std::string& reason)>;

    // Both must outlive the object. Connects when something is asked.
    OfferMiss(CatalogZone& zone, const PostgresOptions& options, ngx_log_t* log);

    // Whether PostgreSQL said within the last 5 s that there is no such offer. When not, ask() for
    // the same offer is expected next.
    bool known_unknown(const Uuid& uuid) noexcept;

    // `answer` runs exactly once, from the event loop, never inside this call, at the latest after
    // `deadline_ms`; it must not throw. Too many waiting (4096): failed on the next turn. A waiting
    // request keeps a quitting worker alive.
    void ask(const Uuid& uuid, ngx_msec_t deadline_ms, Callback answer);

    // Reads the offer from PostgreSQL whatever the catalogue says, and changes nothing.
    void explain(const Uuid& uuid, ngx_msec_t deadline_ms, ExplainCallback answer);

  private:
    enum class State : uint8_t { to_ask, asked, elsewhere };

    struct Waiter {
        ngx_msec_t due;
        Callback answer;
    };
    struct Miss {
        State state;
        std::vector<Waiter> waiters;
    };
    struct Answer {
        Callback callback;
        MissOutcome outcome;
    };
    struct Asked {
        Uuid uuid;
        uint64_t mark;
    };
    struct Unknown {
        Uuid uuid;
        uint64_t until_ms;  // boot time
    };

    bool claim(const Uuid& uuid, Miss& miss) noexcept;
    void work();
    void send_batch();
    void take_result(const std::vector<Asked>& batch, const PgResult& result);
    std::optional<MissOutcome> settle(const Asked& asked, const std::string* entry);
    void remember_unknown(const Uuid& uuid);
    void remember_again() noexcept;
    bool in_catalog(const Uuid& uuid) noexcept;
    void look_again();
    void check_deadlines();
    void finish(const Uuid& uuid, MissOutcome outcome);

    CatalogZone& zone_;
    ngx_log_t* log_;
    PgConnection pg_;
    NextTurn turn_;
    Timer look_again_timer_;
    Timer deadline_timer_;
    ngx_msec_t timer_due_ = 0;
    std::unordered_map<Uuid, Miss> misses_;
    size_t waiting_ = 0;
    bool in_flight_ = false;
    std::optional<Uuid> held_;      // claimed by known_unknown(), for the ask() that follows
    std::vector<Answer> finished_;  // answered on the next turn
    std::vector<Unknown> to_remember_;  // another process stood still with the table's lock
    char entry_[CatalogZone::kBufferBytes];
};

}  // namespace coupon
