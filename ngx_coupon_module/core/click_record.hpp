// The click as the journal and queue:clicks carry it: one JSON object, members absent when empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/click_flags.hpp"
#include "core/device.hpp"
#include "core/uuid.hpp"

namespace coupon {

struct ClickRecord {
    Uuid id;
    const char* id_text = nullptr;  // the id's 36 characters where the caller has them already
    uint64_t ts_ms = 0;             // Unix milliseconds
    int64_t offer = 0;
    int64_t merchant = 0;
    Uuid offer_uuid;
    uint64_t user = 0;     // 0: none
    std::string_view ip;   // copied as it is: NGINX made it, as it did request_id
    std::string_view ua;   // cut at kHeaderMaxBytes
    std::string_view ref;  // cut at kHeaderMaxBytes
    Device device = Device::desktop;
    uint8_t flags = 0;                   // bits of click_flag
    std::string_view frontend_click_id;  // dropped when longer than 64 bytes or not printable ASCII
    std::string_view request_id;         // copied as it is
    std::string_view edge;
    std::string_view segment;  // canonical lower-case uuid, copied as it is
    uint64_t seq = 0;          // written only together with a segment

    static constexpr size_t kHeaderMaxBytes = 1024;
    static constexpr size_t kFrontendIdMaxBytes = 64;
};

/// Room that write_click_record needs.
size_t click_record_max_bytes(const ClickRecord& click) noexcept;

/// Writes the object and returns its length.
size_t write_click_record(const ClickRecord& click, char* out) noexcept;

/// True for 1–64 bytes of printable ASCII, what is kept of `?c=`.
bool is_frontend_click_id(std::string_view text) noexcept;

}  // namespace coupon
