// The webhook as the journal and queue:webhooks carry it: one JSON object, members absent when empty.
// {"v":1,"id","ts"(ms),"provider","location","remote","method","query","verdict","trust","reason",
//  "headers":{},"fields":{},"body"(base64),"edge","seg","seq","rid"}
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/uuid.hpp"
#include "core/webhook/provider.hpp"

namespace coupon {

struct WebhookRecord {
    Uuid id;  // version 7
    uint64_t ts_ms = 0;
    std::string_view provider;
    std::string_view location;  // as the configuration names it; never the token behind it
    std::string_view remote;
    std::string_view method;
    std::string_view query;
    WebhookVerdict verdict = WebhookVerdict::accepted;
    WebhookTrust trust = WebhookTrust::unverified;
    std::string_view reason;
    std::span<const WebhookHeader> headers;  // names are written in lower case
    std::span<const std::pair<std::string, std::string>> fields;
    std::string_view body;  // raw; empty for what was refused
    std::string_view edge;
    std::string_view segment;
    uint64_t seq = 0;
    std::string_view request_id;
};

/// Room that write_webhook_record needs.
size_t webhook_record_max_bytes(const WebhookRecord& webhook) noexcept;

/// Writes the object and returns its length. Bytes that are not UTF-8, and U+0000, are replaced
/// outside of body.
size_t write_webhook_record(const WebhookRecord& webhook, char* out) noexcept;

/// The other way, for the workers.
struct ParsedWebhook {
    Uuid id;
    uint64_t ts_ms = 0;
    std::string provider, location, remote, method, query, verdict, trust, reason, edge, request_id;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;  // decoded
    std::optional<Uuid> segment;
    std::optional<uint64_t> seq;
};

/// False: `reason` says what is wrong; segment and seq are filled in where they could be read. Texts
/// fit into PostgreSQL's columns.
bool parse_webhook(std::string_view json, ParsedWebhook& webhook, std::string& reason);

}  // namespace coupon
