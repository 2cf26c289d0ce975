#include "queue_epoch.hpp"

#include "core/siphash.hpp"
#include "journal/random_uuid.hpp"

namespace coupon {
namespace {

constexpr ngx_msec_t kDeadline_ms = 10'000;

// The value of `run_id:` in the answer to INFO server.
std::string find_run_id(std::string_view info) {
    constexpr std::string_view kField = "\nrun_id:";
    const size_t at = info.find(kField);
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = info.substr(at + kField.size());
    return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

uint64_t hash(const std::string& text) noexcept { return siphash24(SipKey{1, 2}, text.data(), text.size()); }

}  // namespace

QueueEpoch::QueueEpoch(RedisConnection& redis, std::string_view queue, std::function<void(uint64_t)> on_known)
    : redis_(redis), generation_key_(std::string(queue) + ":gen"), on_known_(std::move(on_known)) {}

void QueueEpoch::read() {
    if (asking_) {
        return;
    }
    // The three go out together and are answered in order.
    asking_ = redis_.command({"INFO", "server"}, kDeadline_ms, [this](const RedisReply* reply) {
        run_id_ = reply != nullptr ? find_run_id(reply->text()) : std::string();
    });
    asking_ = asking_ &&
              redis_.command({"SET", generation_key_, to_string(random_uuid()), "NX"}, kDeadline_ms, [](const RedisReply*) {}) &&
              redis_.command({"GET", generation_key_}, kDeadline_ms, [this](const RedisReply* reply) {
                  asking_ = false;
                  take_generation(reply);
              });
}

void QueueEpoch::take_generation(const RedisReply* reply) {
    if (reply == nullptr || reply->text().empty() || run_id_.empty()) {
        return;  // not answered, or a replica that refuses the key: asked again in a second
    }
    known_ = true;
    on_known_(hash(run_id_ + "/" + std::string(reply->text())));
}

}  // namespace coupon
