#include "core/click_json.hpp"

#include <algorithm>

#include "core/click_record.hpp"
#include "core/client_address.hpp"
#include "core/json_text.hpp"
#include "core/record_reader.hpp"

namespace coupon {

namespace {

/// In the order of kKeyNames.
enum class Key : uint8_t {
    unknown,
    v,
    id,
    ts,
    offer,
    merchant,
    ou,
    user,
    ip,
    ua,
    ref,
    device,
    flags,
    c,
    rid,
    edge,
    seg,
    seq
};

constexpr std::string_view kKeyNames[] = {"",      "v",    "id",  "ts",   "offer", "merchant",
                                          "ou",    "user", "ip",  "ua",   "ref",   "device",
                                          "flags", "c",    "rid", "edge", "seg",   "seq"};

constexpr size_t kFlagsMax = 16;
constexpr size_t kFlagMaxBytes = 32;

class ClickReader : public RecordReader<Key, kKeyNames> {
  public:
    ClickReader(ParsedClick& click, std::string& reason) : RecordReader(reason), click_(click) {}

    bool number_unsigned(uint64_t value) {
        if (depth_ != 1)
            return other_value();
        switch (key_) {
            case Key::v:
                version_seen_ = true;
                return value == 1 || refuse("v is not 1");
            case Key::ts:
                click_.ts_ms = value;
                return true;
            case Key::offer:
                offer_seen_ = true;
                return bigint(value, click_.offer);
            case Key::merchant:
                return bigint(value, click_.merchant.emplace());
            case Key::user:
                return bigint(value, click_.user.emplace());
            case Key::seq:
                if (value > INT64_MAX)
                    return refuse("seq is out of range");
                click_.seq = value;
                return true;
            default:
                return other_value();
        }
    }

    bool string(std::string& value) {
        if (depth_ == 2 && key_ == Key::flags)
            return flag(value);
        if (depth_ != 1)
            return other_value();
        switch (key_) {
            case Key::id:
                id_seen_ = true;
                return uuid(value, click_.id);
            case Key::ou:
                return uuid(value, click_.offer_uuid);
            case Key::seg:
                return uuid(value, click_.segment);
            case Key::ip:
                return address(value);
            case Key::ua:
                return text(value, click_.ua, ClickRecord::kHeaderMaxBytes);
            case Key::ref:
                return text(value, click_.ref, ClickRecord::kHeaderMaxBytes);
            case Key::rid:
                return text(value, click_.request_id, kLabelMaxBytes);
            case Key::edge:
                return text(value, click_.edge, kLabelMaxBytes);
            case Key::c:
                if (is_frontend_click_id(value))
                    click_.frontend_click_id = value;
                return true;
            case Key::device:
                click_.device = parse_device(value);
                return click_.device || refuse("device is none of desktop, mobile, tablet, bot");
            default:
                return other_value();
        }
    }

    bool start_object(size_t) {
        if (depth_ > 0)
            other_value();
        ++depth_;
        return true;
    }

    bool start_array(size_t) {
        if (depth_ == 0)
            return no_object();
        if (depth_ != 1 || key_ != Key::flags)
            other_value();
        ++depth_;
        return true;
    }

    bool key(std::string& name) {
        if (depth_ == 1)
            key_ = key_of(name);
        return true;
    }

    /// After the last event: whether the record is whole.
    bool finish() {
        if (!version_seen_)
            refuse("v is missing");
        if (!id_seen_)
            refuse("id is missing");
        if (!offer_seen_)
            refuse("offer is missing");
        if (click_.id.bytes[6] >> 4 != 7 || click_.id.bytes[8] >> 6 != 2)
            refuse("id is not a version 7 uuid");
        if (click_.segment.has_value() != click_.seq.has_value())
            refuse("seg and seq do not come together");
        return is_sound();
    }

  private:
    static constexpr size_t kLabelMaxBytes = 256;

    bool bigint(uint64_t value, int64_t& into) {
        if (value < 1 || value > INT64_MAX)
            return refuse_member(" is out of range");
        into = static_cast<int64_t>(value);
        return true;
    }

    bool address(const std::string& value) {
        // A client on a unix socket has no address.
        if (value.empty() || value.starts_with("unix:"))
            return true;
        if (!is_ip_address(value))
            return refuse("ip is not an address");
        click_.ip = value;
        return true;
    }

    bool text(const std::string& value, std::string& into, size_t max_bytes) {
        into = utf8_prefix(value, max_bytes);
        replace_nul(into);
        return true;
    }

    bool flag(const std::string& name) {
        bool plain = !name.empty() && name.size() <= kFlagMaxBytes &&
                     std::all_of(name.begin(), name.end(),
                                 [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); });
        if (!plain || click_.flags.size() == kFlagsMax)
            return refuse("flags are not a few lower-case names");
        click_.flags.push_back(name);
        return true;
    }

    ParsedClick& click_;
    bool version_seen_ = false;
    bool id_seen_ = false;
    bool offer_seen_ = false;
};

}  // namespace

bool parse_click(std::string_view json, ParsedClick& click, std::string& reason) {
    click = {};
    reason.clear();
    ClickReader reader(click, reason);
    nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
    return reader.finish();
}

}  // namespace coupon
