#include "core/webhook/record.hpp"

#include "core/base64.hpp"
#include "core/decimal.hpp"
#include "core/json_text.hpp"
#include "core/webhook/ascii.hpp"

namespace coupon {

namespace {

// All keys, punctuation, the id, verdict and trust, two numbers.
constexpr size_t kFixedMaxBytes = 512;
// Quotes, colon and comma of one member of headers or fields.
constexpr size_t kMemberMaxBytes = 6;

template <size_t N>
char* put_text(char* out, const char (&key)[N], std::string_view text) noexcept {
    if (text.empty())
        return out;
    out = append_json_string(put(out, key), text);
    *out++ = '"';
    return out;
}

char* put_member(char* out, std::string_view name, std::string_view value, bool lower) noexcept {
    *out++ = '"';
    char* start = out;
    out = append_json_string(out, name);
    // No escape of JSON has an upper-case letter.
    if (lower)
        std::transform(start, out, start, ascii_lower);
    out = append_json_string(put(out, "\":\""), value);
    return put(out, "\",");
}

/// Over the last comma.
char* close_object(char* out) noexcept {
    out[-1] = '}';
    return out;
}

char* put_headers(char* out, std::span<const WebhookHeader> headers) noexcept {
    if (headers.empty())
        return out;
    out = put(out, R"(,"headers":{)");
    for (const WebhookHeader& header : headers)
        out = put_member(out, header.name, header.value, true);
    return close_object(out);
}

char* put_fields(char* out,
                 std::span<const std::pair<std::string, std::string>> fields) noexcept {
    if (fields.empty())
        return out;
    out = put(out, R"(,"fields":{)");
    for (const auto& [name, value] : fields)
        out = put_member(out, name, value, false);
    return close_object(out);
}

char* put_body(char* out, std::string_view body) noexcept {
    if (body.empty())
        return out;
    out = write_base64(put(out, R"(,"body":")"), body);
    *out++ = '"';
    return out;
}

}  // namespace

size_t webhook_record_max_bytes(const WebhookRecord& webhook) noexcept {
    size_t escaped = webhook.provider.size() + webhook.location.size() + webhook.remote.size() +
                     webhook.method.size() + webhook.query.size() + webhook.reason.size() +
                     webhook.edge.size() + webhook.segment.size() + webhook.request_id.size();
    size_t members = webhook.headers.size() + webhook.fields.size();
    for (const WebhookHeader& header : webhook.headers)
        escaped += header.name.size() + header.value.size();
    for (const auto& [name, value] : webhook.fields)
        escaped += name.size() + value.size();
    return kFixedMaxBytes + members * kMemberMaxBytes + json_escaped_max(escaped) +
           base64_bytes(webhook.body.size());
}

size_t write_webhook_record(const WebhookRecord& webhook, char* out) noexcept {
    char* const start = out;
    out = put(out, R"({"v":1,"id":")");
    write_uuid(webhook.id, out);
    out = put(out + kUuidTextBytes, R"(","ts":)");
    out = write_decimal(out, webhook.ts_ms);
    out = put_text(out, R"(,"provider":")", webhook.provider);
    out = put_text(out, R"(,"location":")", webhook.location);
    out = put_text(out, R"(,"remote":")", webhook.remote);
    out = put_text(out, R"(,"method":")", webhook.method);
    out = put_text(out, R"(,"query":")", webhook.query);
    out = put_text(out, R"(,"verdict":")", webhook_verdict_name(webhook.verdict));
    out = put_text(out, R"(,"trust":")", webhook_trust_name(webhook.trust));
    out = put_text(out, R"(,"reason":")", webhook.reason);
    out = put_headers(out, webhook.headers);
    out = put_fields(out, webhook.fields);
    out = put_body(out, webhook.body);
    out = put_text(out, R"(,"edge":")", webhook.edge);
    if (!webhook.segment.empty()) {
        out = put_text(out, R"(,"seg":")", webhook.segment);
        out = put(out, R"(,"seq":)");
        out = write_decimal(out, webhook.seq);
    }
    out = put_text(out, R"(,"rid":")", webhook.request_id);
    *out++ = '}';
    return static_cast<size_t>(out - start);
}

}  // namespace coupon
