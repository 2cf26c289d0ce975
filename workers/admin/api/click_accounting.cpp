#include "admin/api/click_accounting.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>

#include "operations/click_totals.hpp"
#include "operations/redis_state.hpp"
#include "runtime/clock.hpp"

namespace coupon {
namespace {

using steady = std::chrono::steady_clock;

// Since when each segment waits without getting any further, as far as this process has looked.
class Waiting {
  public:
    // The longest of them; nothing where nothing waits.
    std::optional<std::int64_t> look(const std::vector<OpenSegment>& open) {
        const auto now = steady::now();
        std::map<std::string, Seen> seen;
        std::optional<std::int64_t> longest;
        const std::lock_guard lock(mutex_);
        for (const auto& segment : open) {
            if (segment.pending == 0) {
                continue;
            }
            const auto known = seen_.find(segment.id);
            const bool stands = known != seen_.end() && known->second.settled == segment.settled;
            const auto since = stands ? known->second.since : now;
            seen.emplace(segment.id, Seen{segment.settled, since});
            const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - since).count();
            longest = std::max<std::int64_t>(longest.value_or(0), age);
        }
        seen_ = std::move(seen);
        return longest;
    }

  private:
    struct Seen {
        std::int64_t settled;
        steady::time_point since;
    };
    std::mutex mutex_;
    std::map<std::string, Seen> seen_;
};

// Of the entries in Redis, which know their time.
std::optional<std::int64_t> oldest_in_redis_s(RedisConnection& redis) {
    try {
        const auto oldest_ms = look_at_queue(redis, "clicks").oldest_ms;
        return oldest_ms
                   ? std::optional(std::max<std::int64_t>(unix_now_ms() - *oldest_ms, 0) / 1000)
                   : std::nullopt;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

}  // namespace

Json click_accounting(AdminResources& resources) {
    static Waiting waiting;
    const auto totals = read_click_totals(resources.pg);
    auto oldest_s = waiting.look(totals.open);
    if (oldest_s) {
        oldest_s = std::max(*oldest_s, oldest_in_redis_s(resources.redis).value_or(0));
    }
    return {{"at", iso_now()},
            {"served", totals.served},
            {"settled", totals.settled},
            {"pending", totals.pending},
            {"missing", totals.missing},
            {"rejected", totals.rejected},
            {"unjournaled", totals.unjournaled},
            {"segments_open", totals.open.size()},
            {"oldest_unsettled_s", oldest_s ? Json(*oldest_s) : Json()}};
}

AdminAnswer answer_click_accounting(const AdminRequest&, AdminResources& resources) {
    return json_answer(click_accounting(resources));
}

}  // namespace coupon
