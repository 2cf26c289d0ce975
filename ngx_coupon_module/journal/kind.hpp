// The two kinds of journal: each has its own segments, budget and writer, in one folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace coupon {

enum class JournalKind : uint8_t { clicks = 1, webhooks = 2 };

/// As it stands in file names, in Redis keys and in journal_segments.kind.
constexpr std::string_view kind_name(JournalKind kind) noexcept {
    return kind == JournalKind::clicks ? "clicks" : "webhooks";
}

constexpr std::optional<JournalKind> parse_kind(std::string_view name) noexcept {
    if (name == "clicks") {
        return JournalKind::clicks;
    }
    if (name == "webhooks") {
        return JournalKind::webhooks;
    }
    return std::nullopt;
}

}  // namespace coupon
