// What kind of device a User-Agent names.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace coupon {

enum class Device : uint8_t { desktop, mobile, tablet, bot };

/// Looks at the first KiB. Empty or unknown text is a desktop; crawlers, link previews, headless
/// browsers and HTTP libraries are bots.
Device classify_device(std::string_view user_agent) noexcept;

std::string_view device_name(Device device) noexcept;

std::optional<Device> parse_device(std::string_view name) noexcept;

}  // namespace coupon
