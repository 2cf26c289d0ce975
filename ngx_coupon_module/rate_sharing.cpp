#include "rate_sharing.hpp"

#include "clock.hpp"

#include <string>

namespace coupon {
namespace {

constexpr size_t kAddressesPerRound_max = 1000;
constexpr ngx_msec_t kDeadline_ms = 5000;
constexpr std::string_view kLifetime_s = "120";

}  // namespace

void RateSharing::exchange() {
    if (rates_ == nullptr || !redis_.ready()) {
        return;
    }
    const auto minute = static_cast<uint32_t>(wall_ms() / 60'000);
    rates_->take_pending(minute, kAddressesPerRound_max,
                         [&](const RatePending& pending) { tell(pending, minute); });
}

void RateSharing::tell(const RatePending& pending, uint32_t minute) {
    const std::string key = "ratelimit:redirect:" + to_string(pending.address) + ":" + std::to_string(minute);
    const bool asked = redis_.command(
        {"INCRBY", key, std::to_string(pending.count)}, kDeadline_ms,
        [this, pending, minute](const RedisReply* reply) {
            // A negative count is none of ours, and would be a huge one here.
            if (reply != nullptr && reply->kind() == RedisReply::Kind::integer &&
                reply->integer() >= 0) {
                rates_->reconcile(pending, minute, static_cast<uint64_t>(reply->integer()), monotonic_ns());
            }
            // No answer: counted there or not; telling it again could count it twice.
        });
    if (!asked) {
        rates_->return_pending(pending);
        return;
    }
    redis_.command({"EXPIRE", key, kLifetime_s}, kDeadline_ms, [](const RedisReply*) {});
}

}  // namespace coupon
