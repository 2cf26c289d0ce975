#include "messages/end_writer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace coupon {
namespace {

constexpr std::chrono::milliseconds look_at_locked{200};

}  // namespace

PostgresPause::Clock::time_point EndWriter::next() const noexcept {
    return std::max(pause_.until(), locked_until_);
}

void EndWriter::write() {
    if (waiting_.empty() || PostgresPause::Clock::now() < next()) {
        return;
    }
    auto ends = std::exchange(waiting_, {});
    write_batch(std::move(ends));
}

void EndWriter::write_batch(std::vector<MessageEnd> ends) {
    if (!pause_.over(PostgresPause::Clock::now())) {
        std::move(ends.begin(), ends.end(), std::back_inserter(waiting_));
        return;
    }
    try {
        const auto results = table_.settle(pg_, ends);
        pause_.worked();
        failed_ = false;
        for (std::size_t i = 0; i < ends.size(); ++i) {
            if (results[i] == MessageTable::Written::locked) {
                locked_until_ = PostgresPause::Clock::now() + look_at_locked;
                waiting_.push_back(std::move(ends[i]));
            } else {
                written_(ends[i], results[i] == MessageTable::Written::lost);
            }
        }
    } catch (const PgError& error) {
        if (!error.is_data_error()) {
            pause_.failed(error);
            failed_ = true;
            std::move(ends.begin(), ends.end(), std::back_inserter(waiting_));
        } else if (ends.size() == 1) {
            write_refused(std::move(ends.front()), error);
        } else {
            const auto middle = ends.begin() + static_cast<std::ptrdiff_t>(ends.size() / 2);
            write_batch({std::make_move_iterator(ends.begin()), std::make_move_iterator(middle)});
            write_batch({std::make_move_iterator(middle), std::make_move_iterator(ends.end())});
        }
    }
}

void EndWriter::write_refused(MessageEnd end, const PgError& error) {
    const bool bare = end.error.empty() && end.provider_message_id.empty();
    log_.error(
        bare ? "the end of a message cannot be written; it counts as unknown when its lease is over"
             : "PostgreSQL refuses the end of a message; it is written without its texts",
        {{"table", table_.name()},
         {"message_id", end.id},
         {"outcome", end.outcome},
         {"error", error.what()}});
    if (bare) {
        return;
    }
    end.error.clear();
    end.provider_message_id.clear();
    for (auto& event : end.events) {
        event.provider_message_id.clear();
        event.reason = "PostgreSQL refused what was to be written";
    }
    write_batch({std::move(end)});
}

}  // namespace coupon
