// Any bytes as a traceparent header: what is found in it is a trace-id, where it belongs.
#include <cstdint>
#include <cstdlib>

#include "core/trace_id.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view header(reinterpret_cast<const char*>(data), size);
    std::string_view found = coupon::find_trace_id(header);
    if (!found.empty() && (!coupon::is_trace_id(found) || found.data() != header.data() + 3 ||
                           header.substr(0, 2) == "ff" || header.find('\0') < coupon::kTraceparentBytes)) {
        abort();
    }
    return 0;
}
