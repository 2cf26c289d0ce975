#include "io/catalog_sync.hpp"

#include "clock.hpp"
#include "io/log_line.hpp"
#include "io/slice.hpp"

#include <charconv>
#include <utility>

namespace coupon {
namespace {

constexpr ngx_msec_t kPoll_ms = 250;
// A burst of notifications is answered by one poll at a time.
constexpr ngx_msec_t kPollSoon_ms = 20;
constexpr ngx_msec_t kRetry_ms = 1000;
constexpr ngx_msec_t kBusy_ms = 5;
constexpr ngx_msec_t kStatement_ms = 10'000;
// libpq takes rows apart as they come, before anything of ours can look at the time: a page is small
// enough to leave most of a turn.
constexpr int kPage_rows = 500;
constexpr size_t kSweepBucketsBetweenLooks = 64;
// The log is kept for a day.
constexpr uint64_t kLogTrusted_ms = 12 * 3600 * 1000;

// $1: the cursor. The last column: an entry older than the cursor is still there, so nothing
// from the cursor on was dropped yet.
constexpr const char* kIdentify =
    "SELECT (SELECT ('x' || substr(md5(concat_ws('/', c.system_identifier, k.timeline_id, d.oid)), 1, 16))::bit(64)::bigint"
    " FROM pg_control_system() c, pg_control_checkpoint() k, pg_database d WHERE d.datname = current_database()),"
    " s.now::text,"
    " pg_snapshot_xmax(s.now)::text, EXISTS (SELECT FROM catalog_log WHERE xid < $1::xid8)"
    " FROM (SELECT pg_current_snapshot() AS now) s";

// $1: the pg_snapshot of the poll before. All visible rows from its xmin on, except those it saw
// itself: applying them again would be harmless, but an open transaction anywhere in the cluster
// holds xmin back, and each poll would repeat all that happened since. One row at least.
constexpr const char* kPoll =
    "SELECT s.now::text, l.kind = 'merchant', l.id FROM (SELECT pg_current_snapshot() AS now) s"
    " LEFT JOIN LATERAL (SELECT DISTINCT kind, id FROM catalog_log"
    " WHERE xid >= pg_snapshot_xmin($1::pg_snapshot)"
    " AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot) LIMIT $2::int) l ON true";
static_assert(CatalogChanges::kOffers_max < 1'000'000, "fits the poll's LIMIT");

uint64_t xmin_of(const std::string& snapshot) {
    uint64_t xmin = 0;
    std::from_chars(snapshot.data(), snapshot.data() + snapshot.size(), xmin);
    return xmin;
}

}  // namespace

CatalogSync::CatalogSync(CatalogZone& zone, PgConnection& pg, ngx_log_t* log,
                         std::function<void()> wants_snapshot)
    : zone_(zone),
      pg_(pg),
      log_(log),
      upkeep_(zone, log, std::move(wants_snapshot)),
      applier_(zone),
      turn_(log, [this] { (this->*std::exchange(unfinished_, &CatalogSync::next))(); }),
      retry_timer_(log, Timer::AtExit::cancelable,
                   [this] { (this->*std::exchange(unfinished_, &CatalogSync::next))(); }),
      poll_timer_(log, Timer::AtExit::cancelable, [this] {
          poll_due_ = true;
          next();
      }) {
    upkeep_.start();
    pg_.listen("coupon_catalog", [this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) {
            poll_soon();
        }
    });
}

void CatalogSync::connected() {
    online_ = true;
    next();
}

void CatalogSync::lost() {
    online_ = identified_ = busy_ = poll_due_ = poll_hurried_ = false;
    changes_.clear();  // the cursor has not moved past them
    change_rows_.reset();
    load_ = {};
    unfinished_ = &CatalogSync::next;
    applier_.begin(PgResult::failure("connection lost"), {}, false);
    turn_.cancel();
    retry_timer_.stop();
    poll_timer_.stop();
}

// One thing at a time, so that rows are applied in the order in which PostgreSQL answered. In turns:
// with PostgreSQL far away a poll is due again before it is answered, and steady changes always leave
// offers to read.
void CatalogSync::next() {
    if (!online_ || busy_ || retry_timer_.running()) {
        return;
    }
    if (!identified_) {
        identify();
        return;
    }
    for (int kind = 0; kind < kWorkKinds; ++kind) {
        last_work_ = static_cast<Work>((static_cast<int>(last_work_) + 1) % kWorkKinds);
        if (begin(last_work_)) {
            return;
        }
    }
}

// False when there is nothing of the kind to do.
bool CatalogSync::begin(Work work) {
    switch (work) {
        case Work::poll:
            if (poll_due_) {
                poll();
                return true;
            }
            return false;
        case Work::offers:
            if (changes_.has_offers()) {
                read_offers();
                return true;
            }
            return false;
        case Work::merchant:
            if (changes_.has_merchants()) {
                read_merchant();
                return true;
            }
            return false;
        case Work::full_load:
            break;
    }
    const bool loads = loading();
    if (load_.stage == Stage::pages) {
        read_page();
    } else if (load_.stage == Stage::sweep) {
        next_turn(&CatalogSync::sweep);
    }
    return loads;
}

void CatalogSync::next_turn(Then work) {
    unfinished_ = work;
    turn_.ask();
}

void CatalogSync::ask(Statement statement, Take take) {
    busy_ = pg_.query(statement.sql, std::move(statement.parameters), kStatement_ms,
                      [this, take, alive = std::weak_ptr(alive_)](PgResult&& result) {
                          if (alive.expired()) {
                              return;
                          }
                          busy_ = false;
                          result.ok() ? (this->*take)(std::move(result)) : failed(result);
                      });
    if (!busy_) {
        begin_again();  // too many statements wait for this connection
    }
}

// A lost connection is told by lost() next; what is left are missing tables, a missing right, and
// a connection busy for too long with others.
void CatalogSync::failed(const PgResult& result) {
    if (!result.sqlstate().empty() && problem_ != result.error()) {
        problem_ = result.error();
        log_line(NGX_LOG_ERR, log_, "cannot read the catalogue, trying on: " + problem_);
    }
    begin_again();
}

void CatalogSync::begin_again() {
    lost();
    online_ = true;
    retry_timer_.start(kRetry_ms);
}

// --- rows into the catalogue -----------------------------------------------------------------

void CatalogSync::apply(PgResult rows, const std::vector<int64_t>& asked, Then then) {
    busy_ = true;
    after_applying_ = then;
    applier_.begin(std::move(rows), asked, load_.stage == Stage::pages && asked.empty());
    next_turn(&CatalogSync::go_on_applying);  // receiving the rows took a part of this one
}

void CatalogSync::go_on_applying() {
    switch (applier_.go_on()) {
        case OfferApplier::Progress::more:
            next_turn(&CatalogSync::go_on_applying);
            return;
        case OfferApplier::Progress::busy:
            unfinished_ = &CatalogSync::go_on_applying;
            retry_timer_.start(kBusy_ms);
            return;
        case OfferApplier::Progress::done:
            break;
    }
    busy_ = false;
    (this->*after_applying_)();
    next();
}

// --- where the catalogue stands --------------------------------------------------------------

void CatalogSync::identify() {
    asked_ms_ = boottime_ms();
    ask({kIdentify, {std::to_string(zone_.cursor())}}, &CatalogSync::take_identity);
}

void CatalogSync::take_identity(PgResult&& result) {
    identified_ = true;
    // Of cluster, timeline and database: another database of the cluster, or one restored to an
    // earlier time, has another log.
    system_identifier_ = static_cast<uint64_t>(result.integer(0, 0));
    const uint64_t cursor = zone_.cursor();
    const auto read_ms = zone_.stats().log_read_ms;
    const bool log_is_whole =
        result.boolean(0, 3) || (read_ms != 0 && asked_ms_ - read_ms < kLogTrusted_ms);
    if (zone_.loaded_once() && zone_.system_identifier() == system_identifier_ && cursor != 0 &&
        cursor <= result.number(0, 2) && log_is_whole) {
        const auto text = std::to_string(cursor);
        seen_ = text + ":" + text + ":";
    } else {
        seen_ = result.text(0, 1);
        seen_ms_ = asked_ms_;
        begin_full_load();
    }
    poll_due_ = true;
    next();
}

// --- the change log --------------------------------------------------------------------------

void CatalogSync::poll() {
    poll_due_ = poll_hurried_ = false;
    asked_ms_ = boottime_ms();
    poll_timer_.start(kPoll_ms);
    ask({kPoll, {seen_, std::to_string(CatalogChanges::kOffers_max + 1)}},
        &CatalogSync::take_changes);
}

void CatalogSync::take_changes(PgResult&& result) {
    busy_ = true;
    change_rows_ = std::move(result);
    next_change_ = 0;
    go_on_taking_changes();
}

void CatalogSync::go_on_taking_changes() {
    constexpr int kRowsBetweenLooks = 256;
    const Slice slice;
    const PgResult& rows = *change_rows_;
    for (; next_change_ < rows.rows(); ++next_change_) {
        if (next_change_ % kRowsBetweenLooks == kRowsBetweenLooks - 1 && slice.over()) {
            next_turn(&CatalogSync::go_on_taking_changes);
            return;
        }
        if (!rows.is_null(next_change_, 2)) {
            const int64_t id = rows.integer(next_change_, 2);
            rows.boolean(next_change_, 1) ? changes_.add_merchant(id) : changes_.add_offer(id);
        }
    }
    seen_ = rows.text(0, 0);
    seen_ms_ = asked_ms_;
    const bool cut_off = rows.rows() > static_cast<int>(CatalogChanges::kOffers_max);
    change_rows_.reset();
    busy_ = false;
    if (cut_off || changes_.too_many()) {
        changes_.clear();
        begin_full_load();
    }
    look_whether_caught_up();
    next();
}

// Once a poll: if each notification started the timer anew, steady changes would put it off for ever.
void CatalogSync::poll_soon() {
    if (online_ && identified_ && !poll_due_ && !poll_hurried_) {
        poll_hurried_ = true;
        poll_timer_.start(kPollSoon_ms);
    }
}

void CatalogSync::read_offers() {
    asked_offers_ = changes_.take_offers(kPage_rows);
    ask(offers_by_id(asked_offers_), &CatalogSync::take_offers);
}

void CatalogSync::take_offers(PgResult&& result) {
    apply(std::move(result), asked_offers_, &CatalogSync::changes_applied);
}

void CatalogSync::read_merchant() {
    const auto [merchant, after] = changes_.next_merchant();
    ask(merchant_offers_page(merchant, after, kPage_rows), &CatalogSync::take_merchant);
}

void CatalogSync::take_merchant(PgResult&& result) {
    apply(std::move(result), {}, &CatalogSync::merchant_applied);
}

void CatalogSync::merchant_applied() {
    const auto merchant = changes_.next_merchant().first;
    if (applier_.rows() < kPage_rows) {
        changes_.merchant_done(merchant);
    } else {
        changes_.merchant_read_up_to(merchant, applier_.last_id());
    }
    changes_applied();
}

void CatalogSync::changes_applied() {
    upkeep_.changed();
    if (const auto& broken = applier_.broken();
        broken.count > 0 && changes_.empty() && load_.stage == Stage::none) {
        log_line(
            NGX_LOG_WARN, log_,
            std::to_string(broken.count) + " changed offers stay out, the first: " + broken.first);
        applier_.forget_broken();
    }
    look_whether_caught_up();
}

// Without changes left, everything `seen_` sees is in the catalogue, also when the next poll is due.
void CatalogSync::look_whether_caught_up() {
    if (!changes_.empty() || loading()) {
        return;
    }
    if (seen_ms_ != zone_.stats().log_read_ms) {
        zone_.log_read(xmin_of(seen_), seen_ms_);
    }
    if (!problem_.empty()) {
        problem_.clear();
        log_line(NGX_LOG_NOTICE, log_, "the catalogue is read again");
    }
}

// --- the full load ---------------------------------------------------------------------------

void CatalogSync::begin_full_load() {
    zone_.begin_full_load();
    load_ = {Stage::pages, INT64_MIN, 0, boottime_ms(), xmin_of(seen_), seen_ms_};
    applier_.forget_broken();
    log_line(NGX_LOG_NOTICE, log_, "loading the catalogue in full");
}

void CatalogSync::read_page() {
    ask(live_offers_page(load_.last_id, kPage_rows), &CatalogSync::take_page);
}

void CatalogSync::take_page(PgResult&& result) {
    apply(std::move(result), {}, &CatalogSync::page_applied);
}

void CatalogSync::page_applied() {
    if (applier_.rows() < kPage_rows) {
        load_.stage = Stage::sweep;
    } else {
        load_.last_id = applier_.last_id();
    }
}

void CatalogSync::sweep() {
    const Slice slice;
    while (!slice.over()) {
        if (zone_.sweep_older(zone_.load_generation(), load_.sweep_position,
                              kSweepBucketsBetweenLooks)) {
            finish_full_load();
            return;
        }
    }
    next();
    if (load_.stage == Stage::sweep) {
        next_turn(&CatalogSync::sweep);  // it needs no answer of PostgreSQL
    }
}

// Changes of which polls told meanwhile may still wait to be read: what the catalogue surely knows is
// what was seen before the first page.
void CatalogSync::finish_full_load() {
    zone_.finish_full_load(system_identifier_, load_.cursor, load_.seen_ms);
    std::string line = "the catalogue is loaded: " + std::to_string(zone_.stats().entries) +
                       " offers in " + std::to_string(boottime_ms() - load_.started_ms) + " ms";
    if (const auto& broken = applier_.broken(); broken.count > 0) {
        line += ", " + std::to_string(broken.count) + " stay out, the first: " + broken.first;
    }
    log_line(NGX_LOG_NOTICE, log_, line);
    load_ = {};
    applier_.forget_broken();
    look_whether_caught_up();
    upkeep_.loaded();
    next();
}

}  // namespace coupon
