#include "core/trace_id.hpp"

#include <algorithm>

namespace coupon {

namespace {

constexpr size_t kVersionDigits = 2;
constexpr size_t kTraceIdAt = kVersionDigits + 1;
constexpr size_t kParentIdAt = kTraceIdAt + kTraceIdDigits + 1;
constexpr size_t kParentIdDigits = 16;
constexpr size_t kFlagsAt = kParentIdAt + kParentIdDigits + 1;
static_assert(kFlagsAt + 2 == kTraceparentBytes);

bool is_lower_hex(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view digits) noexcept {
    return digits.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

bool is_trace_id(std::string_view text) noexcept {
    return text.size() == kTraceIdDigits && is_lower_hex(text) && !is_zero(text);
}

std::string_view find_trace_id(std::string_view traceparent) noexcept {
    if (traceparent.size() < kTraceparentBytes)
        return {};
    const std::string_view version = traceparent.substr(0, kVersionDigits);
    if (!is_lower_hex(version) || version == "ff")
        return {};
    if (traceparent.size() > kTraceparentBytes &&
        (version == "00" || traceparent[kTraceparentBytes] != '-'))
        return {};
    if (traceparent[kTraceIdAt - 1] != '-' || traceparent[kParentIdAt - 1] != '-' ||
        traceparent[kFlagsAt - 1] != '-')
        return {};
    const std::string_view trace_id = traceparent.substr(kTraceIdAt, kTraceIdDigits);
    const std::string_view parent_id = traceparent.substr(kParentIdAt, kParentIdDigits);
    if (!is_trace_id(trace_id) || !is_lower_hex(parent_id) || is_zero(parent_id) ||
        !is_lower_hex(traceparent.substr(kFlagsAt, 2)))
        return {};
    return trace_id;
}

}  // namespace coupon
