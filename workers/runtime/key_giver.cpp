#include "runtime/key_giver.hpp"

#include "runtime/job_runner.hpp"

namespace coupon {
namespace {

constexpr int batch_max = 500;
constexpr int idle_ms = 200;
constexpr int statement_deadline_ms = 30'000;

}  // namespace

KeyGiver::KeyGiver(const std::string& queue, const std::string& table,
                   const std::string& database_url,
                   std::function<void(const EnvelopeCounts& counts)> told, const StopSignal& stop,
                   const Log& log)
    : told_(std::move(told)),
      stop_(stop),
      log_(log),
      pg_(database_url, "coupon-worker keys", statement_deadline_ms, prepare_job_session),
      table_(pg_, queue, table),
      writer_(stop, log) {}

void KeyGiver::run() {
    while (!stop_.requested()) {
        if (!give()) {
            stop_.sleep_ms(idle_ms);
        }
    }
}

bool KeyGiver::give() {
    std::vector<std::string> ids;
    writer_.attempt([&] { ids = table_.without_key(batch_max); }, false);
    if (ids.empty()) {
        return false;
    }
    EnvelopeCounts counts;
    const auto store = [&](std::size_t first, std::size_t last) {
        counts += table_.give_keys({ids.begin() + static_cast<std::ptrdiff_t>(first),
                                    ids.begin() + static_cast<std::ptrdiff_t>(last)});
    };
    writer_.in_halves(0, ids.size(), store, [&](std::size_t row, const std::string& why) {
        // Refused for a key that was given in between, it is a duplicate by now.
        if (writer_.attempt([&] { store(row, row + 1); }, true) ==
            PatientWriter::Outcome::refused) {
            log_.error("a row cannot have an idempotency key; it is a dead letter",
                       {{"id", ids[row]}, {"error", why}});
            table_.fail(ids[row], why);
            ++counts.failed;
        }
    });
    told_(counts);
    return counts.accepted + counts.failed + counts.duplicates > 0;
}

}  // namespace coupon
