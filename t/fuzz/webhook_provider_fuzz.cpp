// Any request to any provider: one answer, no exception, nothing signed is accepted without the
// secret, and the record of it reads back. Input: a byte that picks the provider, the path and
// query, lines "name:value" as headers, an empty line, the body.
#include <random>

#include "check.hpp"
#include "core/hex.hpp"
#include "core/webhook/record.hpp"

namespace {

/// Not to be guessed by the fuzzer.
const std::string& secret() {
    static const std::string text = [] {
        std::random_device random;
        std::string bytes;
        for (int at = 0; at < 32; ++at)
            bytes += static_cast<char>(random());
        return coupon::hex_encode(bytes);
    }();
    return text;
}

coupon::WebhookSettings settings() {
    coupon::WebhookSettings made;
    made.secrets = {{secret(), ""}, {secret(), "1"}};
    made.tokens = {"token"};
    made.topics = {"topic"};
    made.url = "https://shop.example/hook";
    made.map = {{"click", "c"}};
    made.click_keys = {{1, 2}};
    std::string error;
    std::string_view words[] = {"header=x-sig", "prefix=p=", "time=x-time",
                                "signed={header:x-time}.{path}.{query}.{body}"};
    check(coupon::parse_hmac_scheme(words, made.hmac, error));
    return made;
}

void check_record(const coupon::WebhookProvider& provider, const coupon::WebhookSettings& settings,
                  const coupon::WebhookRequest& request, const coupon::WebhookCheck& verdict) {
    auto fields = coupon::mapped_fields(provider, settings, request);
    coupon::WebhookRecord record;
    record.id = *coupon::parse_uuid("01934971-927b-7898-afeb-6e96738fe9ca");
    record.provider = provider.name;
    record.method = request.method;
    record.query = request.query;
    record.verdict = verdict.verdict;
    record.trust = verdict.trust;
    record.reason = verdict.reason;
    record.headers = request.headers;
    record.fields = fields;
    record.body = request.body;
    std::vector<char> room(coupon::webhook_record_max_bytes(record));
    size_t length = coupon::write_webhook_record(record, room.data());
    check(length <= room.size());
    coupon::ParsedWebhook back;
    std::string reason;
    check(coupon::parse_webhook({room.data(), length}, back, reason));
    check(back.body == request.body && back.fields.size() == fields.size() &&
          back.headers.size() == request.headers.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) {
        return 0;
    }
    static const coupon::WebhookSettings any_age = settings();
    static const coupon::WebhookSettings young = [] {
        coupon::WebhookSettings made = settings();
        made.tolerance_ms = 300'000;
        return made;
    }();
    auto providers = coupon::webhook_providers();
    const coupon::WebhookProvider& provider = providers[data[0] / 2 % providers.size()];
    const coupon::WebhookSettings& chosen = data[0] % 2 == 0 ? any_age : young;
    std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

    coupon::WebhookRequest request;
    request.method = "POST";
    request.now_ms = 1'746'427'759'733;
    std::string_view target = take_until(text);
    request.path = target.substr(0, target.find('?'));
    request.query = target.substr(std::min(request.path.size() + 1, target.size()));
    std::vector<coupon::WebhookHeader> headers;
    while (headers.size() < 16) {
        std::string_view line = take_until(text);
        size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            break;
        }
        headers.push_back({line.substr(0, colon), line.substr(colon + 1)});
    }
    request.headers = headers;
    request.body = text;

    coupon::WebhookCheck verdict = provider.verify(chosen, request);
    bool accepted = verdict.verdict == coupon::WebhookVerdict::accepted;
    check(accepted == verdict.reason.empty());
    check(!accepted || !provider.needs_secret);
    check(accepted || verdict.trust == coupon::WebhookTrust::unverified);
    check(!accepted || !provider.needs_token || request.path.ends_with("token"));
    check(!accepted || verdict.trust != coupon::WebhookTrust::body_signed);
    check_record(provider, chosen, request, verdict);
    return 0;
}
