// What the click needs to know of the request's headers and connection.
#pragma once

#include "nginx.hpp"

#include "core/client_address.hpp"
#include "core/device.hpp"
#include "core/trace_id.hpp"

#include <string_view>

namespace coupon {

// What one look at all headers finds; views live as long as the request.
struct HeaderFacts {
    // A browser loads the page before anybody clicked: Sec-Purpose, Purpose or X-Moz say prefetch
    // or prerender.
    bool speculative = false;
    // Where it is valid and there once; else empty.
    std::string_view traceparent;

    std::string_view trace_id() const noexcept { return find_trace_id(traceparent); }
};
HeaderFacts header_facts(const ngx_http_request_t* r) noexcept;

// The id that finds the request in every log: of its traceparent, else NGINX's $request_id where the
// configuration uses that, $coupon_trace_id or $coupon_traceparent; else empty.
std::string_view trace_id(ngx_http_request_t* r, const HeaderFacts& facts) noexcept;

std::string_view user_agent(const ngx_http_request_t* r) noexcept;
std::string_view referrer(const ngx_http_request_t* r) noexcept;

// Textual address of the client as realip left it; empty for a unix socket.
std::string_view client_address(const ngx_http_request_t* r) noexcept;

// What of the address one visitor shares, for the rate limit; size 0 for a unix socket.
ClientAddress client_network(const ngx_http_request_t* r) noexcept;

// Value of an indexed variable; empty when absent.
std::string_view variable(ngx_http_request_t* r, ngx_int_t index) noexcept;

// classify_device() with the last answers remembered: browsers repeat their User-Agent.
class DeviceCache {
public:
    Device classify(std::string_view user_agent) noexcept;

private:
    static constexpr size_t kEntries = 256;
    static constexpr size_t kLongest_bytes = 255;
    struct Entry {
        uint8_t length;
        Device device;
        char text[kLongest_bytes];
    };
    Entry entries_[kEntries] = {};
};

}  // namespace coupon
