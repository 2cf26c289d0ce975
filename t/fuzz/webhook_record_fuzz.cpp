// Any bytes as an entry of queue:webhooks: accepted or refused with a reason, and what is accepted
// can be written as a record that reads back equal.
#include <cstdlib>

#include "core/webhook/record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    coupon::ParsedWebhook webhook;
    std::string reason;
    bool parsed =
        coupon::parse_webhook({reinterpret_cast<const char*>(data), size}, webhook, reason);
    if (parsed != reason.empty()) {
        abort();
    }
    if (!parsed) {
        return 0;
    }
    std::vector<coupon::WebhookHeader> headers;
    for (const auto& [name, value] : webhook.headers)
        headers.push_back({name, value});
    std::string segment = webhook.segment ? to_string(*webhook.segment) : "";
    coupon::WebhookRecord record;
    record.id = webhook.id;
    record.ts_ms = webhook.ts_ms;
    record.provider = webhook.provider;
    record.location = webhook.location;
    record.remote = webhook.remote;
    record.method = webhook.method;
    record.query = webhook.query;
    record.reason = webhook.reason;
    record.headers = headers;
    record.fields = webhook.fields;
    record.body = webhook.body;
    record.edge = webhook.edge;
    record.segment = segment;
    record.seq = webhook.seq.value_or(0);
    record.request_id = webhook.request_id;
    std::vector<char> room(webhook_record_max_bytes(record));
    size_t length = write_webhook_record(record, room.data());
    coupon::ParsedWebhook again;
    if (length > room.size() || !coupon::parse_webhook({room.data(), length}, again, reason) ||
        again.id != webhook.id || again.ts_ms != webhook.ts_ms ||
        again.provider != webhook.provider || again.location != webhook.location ||
        again.remote != webhook.remote || again.method != webhook.method ||
        again.query != webhook.query || again.reason != webhook.reason ||
        again.headers != webhook.headers || again.fields != webhook.fields ||
        again.body != webhook.body || again.edge != webhook.edge ||
        again.segment != webhook.segment || again.seq != webhook.seq ||
        again.request_id != webhook.request_id) {
        abort();
    }
    return 0;
}
