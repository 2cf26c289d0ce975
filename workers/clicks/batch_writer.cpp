#include "clicks/batch_writer.hpp"

#include <algorithm>
#include <utility>

namespace coupon {
namespace {

constexpr std::size_t reject_lines_max = 10;  // a batch

// What the operator can do about it, where that is known.
std::string with_advice(const PgError& error) {
    std::string text = error.what();
    if (error.sqlstate() == "42P01" || error.sqlstate() == "42703" || error.sqlstate() == "42883") {
        text += "; run couponctl migrate";
    }
    return text;
}

}  // namespace

bool BatchWriter::write(const ClickBatch& batch, const std::function<void()>& meanwhile,
                        StoreCounts& counts) {
    log_rejects(batch, batch.rejects());
    const auto whole = attempt(batch, 0, batch.rows().size(), batch.rejects(), meanwhile, counts);
    if (whole != Outcome::refused) {
        return whole == Outcome::stored;
    }
    log_.warn("PostgreSQL refuses a row of this batch; looking for it",
              {{"error", refusal_}, {"entries", static_cast<std::int64_t>(batch.size())}});
    if (!batch.rejects().empty() &&
        attempt(
            batch, 0, 0, batch.rejects(), [] {}, counts) != Outcome::stored) {
        return false;
    }
    return write_halves(batch, 0, batch.rows().size(), counts);
}

bool BatchWriter::write_halves(const ClickBatch& batch, std::size_t first, std::size_t last,
                               StoreCounts& counts) {
    if (first == last) {
        return true;
    }
    const auto outcome = attempt(
        batch, first, last, {}, [] {}, counts);
    if (outcome != Outcome::refused) {
        return outcome == Outcome::stored;
    }
    if (last - first == 1) {
        const std::vector<RejectedClick> reject{batch.rejected(batch.rows()[first], refusal_)};
        log_rejects(batch, reject);
        return attempt(
                   batch, 0, 0, reject, [] {}, counts) == Outcome::stored;
    }
    const auto middle = first + (last - first) / 2;
    return write_halves(batch, first, middle, counts) && write_halves(batch, middle, last, counts);
}

BatchWriter::Outcome BatchWriter::attempt(const ClickBatch& batch, std::size_t first,
                                          std::size_t last, std::span<const RejectedClick> rejects,
                                          const std::function<void()>& meanwhile,
                                          StoreCounts& counts) {
    bool meanwhile_ran = false;
    const auto meanwhile_once = [&] {
        if (!std::exchange(meanwhile_ran, true)) {
            meanwhile();
        }
    };
    while (true) {
        try {
            counts += store_.store(batch, first, last, rejects, meanwhile_once);
            if (!backoff_.fresh()) {
                log_.info("PostgreSQL takes clicks again");
            }
            backoff_.reset();
            return Outcome::stored;
        } catch (const PgError& error) {
            // Rejects are plain ASCII: a data error there is no matter of this data.
            if (error.is_data_error() && first < last) {
                refusal_ = error.what();
                return Outcome::refused;
            }
            if (backoff_.fresh()) {
                log_.warn("PostgreSQL does not take the batch; it is tried until it does",
                          {{"error", with_advice(error)}, {"sqlstate", error.sqlstate()}});
            }
            if (stop_.requested()) {
                return Outcome::stopped;
            }
            stop_.sleep_ms(backoff_.next_ms());
        }
    }
}

void BatchWriter::log_rejects(const ClickBatch& batch,
                              std::span<const RejectedClick> rejects) const {
    for (const auto& reject : rejects.first(std::min(rejects.size(), reject_lines_max))) {
        log_.warn(
            "an entry of queue:clicks is no click that can be stored; it goes to click_rejects",
            {{"reason", reject.reason},
             {"correlation_id", reject.request_id},
             {"click_id", reject.click_id ? to_string(*reject.click_id) : ""},
             {"segment", reject.place ? to_string(reject.place->segment) : ""},
             {"seq", reject.place ? static_cast<std::int64_t>(reject.place->seq) : -1},
             {"bytes", static_cast<std::int64_t>(batch.entry(reject.entry).size())}});
    }
    if (rejects.size() > reject_lines_max) {
        log_.warn("more entries of the same batch go to click_rejects",
                  {{"entries", static_cast<std::int64_t>(rejects.size() - reject_lines_max)}});
    }
}

}  // namespace coupon
