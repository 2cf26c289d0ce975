// The id that names one request in every log: the trace-id of W3C Trace Context.
#pragma once

#include <cstddef>
#include <string_view>

namespace coupon {

inline constexpr size_t kTraceIdDigits = 32;
inline constexpr size_t kTraceparentBytes = 55;  // of version 00; later ones may go on behind it

/// Thirty-two lower-case hexadecimal digits that are not all zero.
bool is_trace_id(std::string_view text) noexcept;

/// The trace-id inside a traceparent header, a view into it; empty where the header is not valid.
/// Version 00 is taken as it is specified; of later versions only what they have in common with it
/// is looked at.
std::string_view find_trace_id(std::string_view traceparent) noexcept;

}  // namespace coupon
