#include "io/offer_miss.hpp"

#include "clock.hpp"
#include "io/log_line.hpp"
#include "io/offer_query.hpp"
#include "io/slice.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace coupon {
namespace {

constexpr size_t kWaiting_max = 4096;
constexpr size_t kBatch_max = 200;
constexpr ngx_msec_t kQuery_ms = 1000;
// Longer than an asker's own wait, so that a claim runs out only when its asker is gone.
constexpr uint64_t kClaim_ms = 3000;
constexpr uint64_t kUnknown_ms = 5000;
constexpr ngx_msec_t kLookAgain_ms = 10;
constexpr size_t kToRemember_max = 16'384;

ngx_msec_int_t left_ms(ngx_msec_t due) {
    return static_cast<ngx_msec_int_t>(due - ngx_current_msec);
}

}  // namespace

OfferMiss::OfferMiss(CatalogZone& zone, const PostgresOptions& options, ngx_log_t* log)
    : zone_(zone),
      log_(log),
      pg_(options, PgConnection::Mode::lazy, log, nullptr, nullptr),
      turn_(log, [this] { work(); }),
      look_again_timer_(log, Timer::AtExit::cancelable, [this] { look_again(); }),
      deadline_timer_(log, Timer::AtExit::holds_worker, [this] { check_deadlines(); }) {}

bool OfferMiss::known_unknown(const Uuid& uuid) noexcept {
    if (misses_.contains(uuid)) {
        return false;
    }
    const auto claimed = zone_.claim_miss(uuid, boottime_ms(), kClaim_ms);
    if (claimed == MissClaim::you_ask) {
        held_ = uuid;
    }
    return claimed == MissClaim::known_unknown;
}

void OfferMiss::ask(const Uuid& uuid, ngx_msec_t deadline_ms, Callback answer) {
    turn_.ask();
    const ngx_msec_t due = ngx_current_msec + deadline_ms;
    if (!deadline_timer_.running() || left_ms(due) < left_ms(timer_due_)) {
        timer_due_ = due;
        deadline_timer_.start(deadline_ms);
    }
    if (waiting_ >= kWaiting_max) {
        if (std::exchange(held_, std::nullopt) == uuid) {
            zone_.clear_miss(uuid);  // or other workers would wait for an answer nobody asks for
        }
        finished_.push_back({std::move(answer), MissOutcome::failed});
        return;
    }
    auto [place, is_new] = misses_.try_emplace(uuid, Miss{State::to_ask, {}});
    if (is_new && std::exchange(held_, std::nullopt) != uuid && !claim(uuid, place->second)) {
        finished_.push_back({std::move(answer), MissOutcome::unknown});
        misses_.erase(place);
        return;
    }
    place->second.waiters.push_back({due, std::move(answer)});
    ++waiting_;
}

// False when the offer is known to be unknown.
bool OfferMiss::claim(const Uuid& uuid, Miss& miss) noexcept {
    switch (zone_.claim_miss(uuid, boottime_ms(), kClaim_ms)) {
        case MissClaim::known_unknown:
            return false;
        case MissClaim::you_ask:
            miss.state = State::to_ask;
            break;
        case MissClaim::someone_asks:
            miss.state = State::elsewhere;
            break;
    }
    return true;
}

void OfferMiss::work() {
    std::vector<Answer> finished;
    finished.swap(finished_);
    for (const auto& one : finished) {
        one.callback(one.outcome);
    }
    if (waiting_ == 0 && finished_.empty()) {
        deadline_timer_.stop();  // nobody is left whom a quitting worker should wait for
    }
    send_batch();
    const auto elsewhere = [](const auto& one) { return one.second.state == State::elsewhere; };
    if (!look_again_timer_.running() &&
        (!to_remember_.empty() || std::ranges::any_of(misses_, elsewhere))) {
        look_again_timer_.start(kLookAgain_ms);
    }
}

void OfferMiss::send_batch() {
    if (in_flight_) {
        return;
    }
    std::vector<Asked> batch;
    std::vector<Uuid> uuids;
    for (auto& [uuid, miss] : misses_) {
        if (miss.state == State::to_ask && batch.size() < kBatch_max) {
            // The mark is older than the answer: a change applied in between wins over it.
            batch.push_back({uuid, zone_.change_mark(uuid)});
            uuids.push_back(uuid);
            miss.state = State::asked;
        }
    }
    if (batch.empty()) {
        return;
    }
    auto statement = offers_by_uuid(uuids);
    auto shared = std::make_shared<std::vector<Asked>>(std::move(batch));
    in_flight_ = pg_.query(statement.sql, std::move(statement.parameters), kQuery_ms,
                           [this, shared](PgResult&& result) { take_result(*shared, result); });
    if (!in_flight_) {
        take_result(*shared, PgResult::failure("PostgreSQL is away"));
    }
}

void OfferMiss::take_result(const std::vector<Asked>& batch, const PgResult& result) {
    in_flight_ = false;
    if (!result.ok() && !result.sqlstate().empty()) {
        log_line(NGX_LOG_ERR, log_, "cannot read an offer: " + result.error());
    }
    std::unordered_map<Uuid, std::string> entries;
    for (int row = 0; row < result.rows(); ++row) {
        if (auto offer = read_offer(result, row)) {
            entries[offer->uuid] = std::move(offer->entry);
        }
    }
    for (const Asked& asked : batch) {
        if (!result.ok()) {
            zone_.clear_miss(asked.uuid);
            finish(asked.uuid, MissOutcome::failed);
            continue;
        }
        const auto entry = entries.find(asked.uuid);
        const bool has_entry = entry != entries.end() && !entry->second.empty();
        const auto outcome = settle(asked, has_entry ? &entry->second : nullptr);
        const auto miss = misses_.find(asked.uuid);
        if (!outcome && miss != misses_.end() && !miss->second.waiters.empty()) {
            miss->second.state = State::to_ask;
        } else {
            finish(asked.uuid, outcome.value_or(MissOutcome::failed));
        }
    }
    turn_.ask();
}

// Nothing when the answer may be older than a change that was applied meanwhile: to be asked again,
// for as long as somebody waits.
std::optional<MissOutcome> OfferMiss::settle(const Asked& asked,
                                             const std::string* entry) {
    if (entry == nullptr) {
        remember_unknown(asked.uuid);
        return MissOutcome::unknown;
    }
    switch (zone_.put_unless_changed(asked.uuid, *entry, asked.mark)) {
        case PutResult::stored:
            zone_.clear_miss(asked.uuid);
            return MissOutcome::found;
        case PutResult::outdated:
            if (in_catalog(asked.uuid)) {
                zone_.clear_miss(asked.uuid);
                return MissOutcome::found;
            }
            return std::nullopt;
        case PutResult::refused:
            zone_.clear_miss(asked.uuid);
            return MissOutcome::unknown;
        case PutResult::busy:
            break;
    }
    zone_.clear_miss(asked.uuid);
    return MissOutcome::failed;
}

// Forgotten, the offer would be asked for again before its time. Behind one that has to wait the
// others wait too: each would wait for the lock anew.
void OfferMiss::remember_unknown(const Uuid& uuid) {
    const uint64_t until_ms = boottime_ms() + kUnknown_ms;
    if (!to_remember_.empty() || !zone_.settle_miss(uuid, until_ms)) {
        if (to_remember_.size() < kToRemember_max) {
            to_remember_.push_back({uuid, until_ms});
        }
    }
}

// The rest waits for the next look.
void OfferMiss::remember_again() noexcept {
    const Slice slice;
    const auto left = std::ranges::find_if_not(to_remember_, [this, &slice](const Unknown& one) {
        return !slice.over() && zone_.settle_miss(one.uuid, one.until_ms);
    });
    to_remember_.erase(to_remember_.begin(), left);
}

bool OfferMiss::in_catalog(const Uuid& uuid) noexcept {
    return zone_.lookup(uuid, entry_, sizeof entry_) != 0;
}

// What another worker asks for shows up in the catalogue, or its claim ends.
void OfferMiss::look_again() {
    remember_again();
    std::vector<std::pair<Uuid, MissOutcome>> done;
    for (auto& [uuid, miss] : misses_) {
        if (miss.state != State::elsewhere) {
            continue;
        }
        if (in_catalog(uuid)) {
            done.emplace_back(uuid, MissOutcome::found);
        } else if (!claim(uuid, miss)) {
            done.emplace_back(uuid, MissOutcome::unknown);
        }
    }
    for (const auto& [uuid, outcome] : done) {
        finish(uuid, outcome);
    }
    work();
}

void OfferMiss::finish(const Uuid& uuid, MissOutcome outcome) {
    auto miss = misses_.extract(uuid);
    if (miss.empty()) {
        return;
    }
    for (auto& waiter : miss.mapped().waiters) {
        finished_.push_back({std::move(waiter.answer), outcome});
    }
    waiting_ -= miss.mapped().waiters.size();
    turn_.ask();
}

void OfferMiss::check_deadlines() {
    ngx_msec_int_t soonest_ms = -1;
    for (auto one = misses_.begin(); one != misses_.end();) {
        auto& waiters = one->second.waiters;
        for (auto waiter = waiters.begin(); waiter != waiters.end();) {
            const auto left = left_ms(waiter->due);
            if (left <= 0) {
                finished_.push_back({std::move(waiter->answer), MissOutcome::failed});
                waiter = waiters.erase(waiter);
                --waiting_;
                continue;
            }
            soonest_ms = soonest_ms == -1 ? left : std::min(soonest_ms, left);
            ++waiter;
        }
        // What was asked stays until its answer, which the catalogue can use.
        if (!waiters.empty() || one->second.state == State::asked) {
            ++one;
            continue;
        }
        if (one->second.state == State::to_ask) {
            zone_.clear_miss(one->first);  // another worker may ask at once
        }
        one = misses_.erase(one);
    }
    if (soonest_ms != -1) {
        timer_due_ = ngx_current_msec + static_cast<ngx_msec_t>(soonest_ms);
        deadline_timer_.start(static_cast<ngx_msec_t>(soonest_ms));
    }
    work();
}

void OfferMiss::explain(const Uuid& uuid, ngx_msec_t deadline_ms, ExplainCallback answer) {
    // Goes away with the callback; until then a quitting worker waits for the answer.
    auto hold = std::make_shared<Timer>(log_, Timer::AtExit::holds_worker, [] {});
    hold->start(deadline_ms + kLookAgain_ms);
    auto statement = offers_by_uuid({&uuid, 1});
    const auto shared = std::make_shared<ExplainCallback>(std::move(answer));
    const bool sent = pg_.query(
        statement.sql, std::move(statement.parameters), deadline_ms,
        [shared, hold](PgResult&& result) {
            if (!result.ok()) {
                (*shared)(MissOutcome::failed, "");
            } else if (const auto offer =
                           result.rows() > 0 ? read_offer(result, 0) : std::nullopt) {
                (*shared)(offer->entry.empty() ? MissOutcome::unknown : MissOutcome::found,
                          offer->reason);
            } else {
                (*shared)(MissOutcome::unknown, "there is no such offer");
            }
        });
    if (!sent) {
        finished_.push_back(
            {[shared, hold](MissOutcome outcome) { (*shared)(outcome, ""); }, MissOutcome::failed});
        turn_.ask();
    }
}

}  // namespace coupon
