#include "core/click_record.hpp"

#include <algorithm>

#include "core/decimal.hpp"
#include "core/json_text.hpp"

namespace coupon {

namespace {

// All keys, punctuation, two UUIDs, device and flags, six numbers.
constexpr size_t kFixedMaxBytes = 512;

template <size_t N>
inline char* put_text(char* out, const char (&key)[N], std::string_view text) noexcept {
    if (text.empty())
        return out;
    out = put(out, key);
    out = append_json_string(out, text);
    *out++ = '"';
    return out;
}

template <size_t N>
inline char* put_plain(char* out, const char (&key)[N], std::string_view text) noexcept {
    if (text.empty())
        return out;
    out = copy_bytes(put(out, key), text.data(), text.size());
    *out++ = '"';
    return out;
}

inline char* put_uuid(char* out, const Uuid& uuid) noexcept {
    write_uuid(uuid, out);
    return out + kUuidTextBytes;
}

char* put_device(char* out, Device device) noexcept {
    switch (device) {
        case Device::mobile:
            return put(out, R"(,"device":"mobile")");
        case Device::tablet:
            return put(out, R"(,"device":"tablet")");
        case Device::bot:
            return put(out, R"(,"device":"bot")");
        default:
            return put(out, R"(,"device":"desktop")");
    }
}

inline std::string_view header_prefix(std::string_view header) noexcept {
    return header.size() <= ClickRecord::kHeaderMaxBytes
               ? header
               : utf8_prefix(header, ClickRecord::kHeaderMaxBytes);
}

char* put_flags(char* out, uint8_t flags) noexcept {
    out = put(out, R"(,"flags":[)");
    for (const ClickFlagName& flag : kClickFlagNames) {
        if ((flags & flag.bit) == 0)
            continue;
        *out++ = '"';
        out = copy_bytes(out, flag.name.data(), flag.name.size());
        out = put(out, "\",");
    }
    if (out[-1] == ',')
        --out;
    *out++ = ']';
    return out;
}

}  // namespace

bool is_frontend_click_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= ClickRecord::kFrontendIdMaxBytes &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

size_t click_record_max_bytes(const ClickRecord& click) noexcept {
    size_t escaped = std::min(click.ua.size(), ClickRecord::kHeaderMaxBytes) +
                     std::min(click.ref.size(), ClickRecord::kHeaderMaxBytes) +
                     std::min(click.frontend_click_id.size(), ClickRecord::kFrontendIdMaxBytes) +
                     click.edge.size();
    size_t copied = click.ip.size() + click.request_id.size() + click.segment.size();
    return kFixedMaxBytes + json_escaped_max(escaped) + copied;
}

size_t write_click_record(const ClickRecord& click, char* out) noexcept {
    char* const start = out;
    out = put(out, R"({"v":1,"id":")");
    if (click.id_text != nullptr) {
        std::memcpy(out, click.id_text, kUuidTextBytes);
        out += kUuidTextBytes;
    } else {
        out = put_uuid(out, click.id);
    }
    out = put(out, R"(","ts":)");
    out = write_decimal(out, click.ts_ms);
    out = put(out, R"(,"offer":)");
    out = write_decimal_signed(out, click.offer);
    out = put(out, R"(,"merchant":)");
    out = write_decimal_signed(out, click.merchant);
    out = put(out, R"(,"ou":")");
    out = put_uuid(out, click.offer_uuid);
    *out++ = '"';
    if (click.user != 0) {
        out = put(out, R"(,"user":)");
        out = write_decimal(out, click.user);
    }
    out = put_plain(out, R"(,"ip":")", click.ip);
    out = put_text(out, R"(,"ua":")", header_prefix(click.ua));
    out = put_text(out, R"(,"ref":")", header_prefix(click.ref));
    out = put_device(out, click.device);
    if (click.flags != 0)
        out = put_flags(out, click.flags);
    if (!click.frontend_click_id.empty() && is_frontend_click_id(click.frontend_click_id))
        out = put_text(out, R"(,"c":")", click.frontend_click_id);
    out = put_plain(out, R"(,"rid":")", click.request_id);
    out = put_text(out, R"(,"edge":")", click.edge);
    if (!click.segment.empty()) {
        out = put_plain(out, R"(,"seg":")", click.segment);
        out = put(out, R"(,"seq":)");
        out = write_decimal(out, click.seq);
    }
    *out++ = '}';
    return static_cast<size_t>(out - start);
}

}  // namespace coupon
