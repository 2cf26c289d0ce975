#include <algorithm>

#include "core/base64.hpp"
#include "core/json_text.hpp"
#include "core/record_reader.hpp"
#include "core/webhook/ascii.hpp"
#include "core/webhook/record.hpp"

namespace coupon {

namespace {

/// In the order of kKeyNames.
enum class Key : uint8_t {
    unknown,
    v,
    id,
    ts,
    provider,
    location,
    remote,
    method,
    query,
    verdict,
    trust,
    reason,
    headers,
    fields,
    body,
    edge,
    seg,
    seq,
    rid
};

constexpr std::string_view kKeyNames[] = {
    "",        "v",     "id",     "ts",      "provider", "location", "remote", "method", "query",
    "verdict", "trust", "reason", "headers", "fields",   "body",     "edge",   "seg",    "seq",
    "rid"};

constexpr size_t kMembersMax = 1000;

class WebhookReader : public RecordReader<Key, kKeyNames> {
  public:
    WebhookReader(ParsedWebhook& webhook, std::string& reason) : RecordReader(reason), webhook_(webhook) {}

    bool number_unsigned(uint64_t value) {
        if (depth_ == 1 && key_ == Key::v) {
            version_seen_ = true;
            return value == 1 || refuse("v is not 1");
        }
        if (depth_ == 1 && key_ == Key::ts) {
            time_seen_ = true;
            webhook_.ts_ms = value;
            return value <= INT64_MAX || refuse("ts is out of range");
        }
        if (depth_ == 1 && key_ == Key::seq) {
            if (value > INT64_MAX)
                return refuse("seq is out of range");
            webhook_.seq = value;
            return true;
        }
        return other_value();
    }

    bool string(std::string& value) {
        if (depth_ == 2 && (key_ == Key::headers || key_ == Key::fields))
            return member(value);
        if (depth_ != 1)
            return other_value();
        switch (key_) {
            case Key::id:
                id_seen_ = true;
                return uuid(value, webhook_.id);
            case Key::seg:
                return uuid(value, webhook_.segment);
            case Key::body:
                return body(value);
            default:
                return text(value);
        }
    }

    bool start_object(size_t) {
        bool members = depth_ == 1 && (key_ == Key::headers || key_ == Key::fields);
        if (depth_ > 0 && !members)
            other_value();
        ++depth_;
        return true;
    }

    bool start_array(size_t) {
        if (depth_ == 0)
            return no_object();
        other_value();
        ++depth_;
        return true;
    }

    bool key(std::string& name) {
        if (depth_ == 1)
            key_ = key_of(name);
        if (depth_ == 2)
            member_name_ = std::move(name);
        return true;
    }

    /// After the last event: whether the record is whole.
    bool finish() {
        if (!version_seen_)
            refuse("v is missing");
        if (!id_seen_)
            refuse("id is missing");
        if (!time_seen_)
            refuse("ts is missing");
        if (webhook_.id.bytes[6] >> 4 != 7 || webhook_.id.bytes[8] >> 6 != 2)
            refuse("id is not a version 7 uuid");
        if (webhook_.provider.empty())
            refuse("provider is missing");
        if (webhook_.verdict.empty())
            refuse("verdict is missing");
        if (webhook_.segment.has_value() != webhook_.seq.has_value())
            refuse("seg and seq do not come together");
        return is_sound();
    }

  private:
    bool body(const std::string& value) {
        auto bytes = base64_decode(value);
        if (!bytes)
            return refuse("body is not base64");
        webhook_.body = std::move(*bytes);
        return true;
    }

    bool member(std::string& value) {
        auto& members = key_ == Key::headers ? webhook_.headers : webhook_.fields;
        if (members.size() == kMembersMax)
            return refuse_member(" has too many members");
        replace_nul(member_name_);
        replace_nul(value);
        members.emplace_back(
            key_ == Key::headers ? to_ascii_lower(member_name_) : std::move(member_name_),
            std::move(value));
        return true;
    }

    std::string* text_member() {
        switch (key_) {
            case Key::provider:
                return &webhook_.provider;
            case Key::location:
                return &webhook_.location;
            case Key::remote:
                return &webhook_.remote;
            case Key::method:
                return &webhook_.method;
            case Key::query:
                return &webhook_.query;
            case Key::verdict:
                return &webhook_.verdict;
            case Key::trust:
                return &webhook_.trust;
            case Key::reason:
                return &webhook_.reason;
            case Key::edge:
                return &webhook_.edge;
            case Key::rid:
                return &webhook_.request_id;
            default:
                return nullptr;
        }
    }

    bool text(std::string& value) {
        std::string* into = text_member();
        if (into == nullptr)
            return other_value();
        replace_nul(value);
        *into = std::move(value);
        return true;
    }

    ParsedWebhook& webhook_;
    std::string member_name_;
    bool version_seen_ = false;
    bool id_seen_ = false;
    bool time_seen_ = false;
};

}  // namespace

bool parse_webhook(std::string_view json, ParsedWebhook& webhook, std::string& reason) {
    webhook = {};
    reason.clear();
    WebhookReader reader(webhook, reason);
    nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
    return reader.finish();
}

}  // namespace coupon
