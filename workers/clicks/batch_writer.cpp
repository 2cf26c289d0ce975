#include "clicks/batch_writer.hpp"

#include <algorithm>
#include <utility>

namespace coupon {
namespace {

constexpr std::size_t reject_lines_max = 10;  // a batch

}  // namespace

bool BatchWriter::write(const ClickBatch& batch, const std::function<void()>& meanwhile,
                        StoreCounts& counts) {
    using Outcome = PatientWriter::Outcome;
    bool meanwhile_ran = false;
    const auto meanwhile_once = [&] {
        if (!std::exchange(meanwhile_ran, true)) {
            meanwhile();
        }
    };
    const std::size_t rows = batch.rows().size();
    log_rejects(batch, batch.rejects());
    // Rejects are plain ASCII: a data error there is no matter of this data.
    const auto whole = writer_.attempt(
        [&] { counts += store_.store(batch, 0, rows, batch.rejects(), meanwhile_once); }, rows > 0);
    if (whole != Outcome::refused) {
        return whole == Outcome::stored;
    }
    log_.warn(
        "PostgreSQL refuses a row of this batch; looking for it",
        {{"error", writer_.refusal()}, {"entries", static_cast<std::int64_t>(batch.size())}});
    const auto nothing = [] {};
    const auto store_rejects = [&](std::span<const RejectedClick> rejects) {
        counts += store_.store(batch, 0, 0, rejects, nothing);
    };
    if (!batch.rejects().empty() &&
        writer_.attempt([&] { store_rejects(batch.rejects()); }, false) != Outcome::stored) {
        return false;
    }
    return writer_.in_halves(
        0, rows,
        [&](std::size_t first, std::size_t last) {
            counts += store_.store(batch, first, last, {}, nothing);
        },
        [&](std::size_t row, const std::string& why) {
            const std::vector<RejectedClick> reject{batch.rejected(batch.rows()[row], why)};
            store_rejects(reject);
            log_rejects(batch, reject);
        });
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
