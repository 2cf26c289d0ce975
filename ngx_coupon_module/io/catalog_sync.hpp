// Keeps the catalogue equal to PostgreSQL: one full load, then the change log, four times a second.
// Lives in the one worker of the edge that holds the lasting connection.
#pragma once

#include "catalog/catalog_zone.hpp"
#include "io/catalog_changes.hpp"
#include "io/catalog_upkeep.hpp"
#include "io/next_turn.hpp"
#include "io/offer_applier.hpp"
#include "io/pg_connection.hpp"
#include "io/timer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coupon {

class CatalogSync {
  public:
    // All arguments must outlive the object. It makes `pg` LISTEN. `wants_snapshot` runs from the
    // event loop when the snapshot file should be written: after a full load, then at most once a
    // minute. It must not throw.
    CatalogSync(CatalogZone& zone, PgConnection& pg, ngx_log_t* log,
                std::function<void()> wants_snapshot);

    // To be called from the connection's on_ready and on_lost.
    void connected();
    void lost();

    bool loading() const noexcept { return load_.stage != Stage::none; }
    // Why the catalogue cannot be read although PostgreSQL answers; empty when it can.
    const std::string& problem() const noexcept { return problem_; }

  private:
    using Take = void (CatalogSync::*)(PgResult&& result);
    using Then = void (CatalogSync::*)();

    enum class Stage : uint8_t { none, pages, sweep };
    struct FullLoad {
        Stage stage = Stage::none;
        int64_t last_id = INT64_MIN;  // read up to here
        size_t sweep_position = 0;
        uint64_t started_ms = 0;
        uint64_t cursor = 0;   // of seen_ at the start
        uint64_t seen_ms = 0;  // seen_ms_ at the start
    };
    // In the order in which they take turns.
    enum class Work : uint8_t { poll, offers, merchant, full_load };
    static constexpr int kWorkKinds = 4;

    void next();
    bool begin(Work work);
    void ask(Statement statement, Take take);
    void next_turn(Then work);
    void apply(PgResult rows, const std::vector<int64_t>& asked, Then then);
    void go_on_applying();
    void failed(const PgResult& result);
    void begin_again();

    void identify();
    void take_identity(PgResult&& result);
    void poll();
    void take_changes(PgResult&& result);
    void go_on_taking_changes();
    void poll_soon();
    void read_offers();
    void take_offers(PgResult&& result);
    void read_merchant();
    void take_merchant(PgResult&& result);
    void merchant_applied();
    void changes_applied();

    void begin_full_load();
    void read_page();
    void take_page(PgResult&& result);
    void page_applied();
    void sweep();
    void finish_full_load();
    void look_whether_caught_up();

    CatalogZone& zone_;
    PgConnection& pg_;
    ngx_log_t* log_;
    CatalogUpkeep upkeep_;
    OfferApplier applier_;

    bool online_ = false;
    bool identified_ = false;
    bool busy_ = false;  // a statement is out, or its rows are being applied
    Work last_work_ = Work::full_load;
    bool poll_due_ = false;
    bool poll_hurried_ = false;  // a notification has brought the next poll forward already
    std::string problem_;

    uint64_t system_identifier_ = 0;
    std::string seen_;      // pg_snapshot; what it sees is in the catalogue or in changes_
    uint64_t seen_ms_ = 0;  // boot time at which `seen_` was asked for
    uint64_t asked_ms_ = 0;
    CatalogChanges changes_;
    std::optional<PgResult> change_rows_;  // being taken into changes_
    int next_change_ = 0;
    std::vector<int64_t> asked_offers_;
    FullLoad load_;
    Then after_applying_ = nullptr;
    Then unfinished_ = &CatalogSync::next;  // work to go on with on the next turn, or after a pause

    NextTurn turn_;
    Timer retry_timer_;
    Timer poll_timer_;
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace coupon
