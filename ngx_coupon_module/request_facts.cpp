#include "request_facts.hpp"

#include "conf.hpp"

#include "core/crc32c.hpp"
#include "core/trace_id.hpp"

#include <cstring>

namespace coupon {
namespace {

bool equal_ignoring_case(const ngx_str_t& text, std::string_view lower) noexcept {
    return text.len == lower.size() &&
           ngx_strncasecmp(text.data, reinterpret_cast<u_char*>(const_cast<char*>(lower.data())), lower.size()) == 0;
}

bool mentions(const ngx_str_t& value, const char* lower, size_t length) noexcept {
    return ngx_strlcasestrn(value.data, value.data + value.len,
                            reinterpret_cast<u_char*>(const_cast<char*>(lower)), length - 1) != nullptr;
}

// What a header's name says of it; most headers are told by its length alone.
enum class Meaning : uint8_t { none, speculation, trace };

Meaning meaning_of(const ngx_str_t& key) noexcept {
    switch (key.len) {
        case 5: return equal_ignoring_case(key, "x-moz") ? Meaning::speculation : Meaning::none;
        case 7: return equal_ignoring_case(key, "purpose") ? Meaning::speculation : Meaning::none;
        case 11:
            return equal_ignoring_case(key, "sec-purpose")   ? Meaning::speculation
                   : equal_ignoring_case(key, "traceparent") ? Meaning::trace
                                                             : Meaning::none;
        default: return Meaning::none;
    }
}

}  // namespace

HeaderFacts header_facts(const ngx_http_request_t* r) noexcept {
    HeaderFacts facts;
    size_t traces = 0;
    for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr; part = part->next) {
        const auto* headers = static_cast<const ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; ++i) {
            const ngx_str_t& value = headers[i].value;
            switch (meaning_of(headers[i].key)) {
                case Meaning::none: break;
                case Meaning::speculation:
                    facts.speculative = facts.speculative || mentions(value, "prefetch", 8) || mentions(value, "prerender", 9);
                    break;
                case Meaning::trace:
                    facts.traceparent = ++traces == 1 && !find_trace_id(view(value)).empty() ? view(value) : std::string_view{};
                    break;
            }
        }
    }
    return facts;
}

std::string_view trace_id(ngx_http_request_t* r, const HeaderFacts& facts) noexcept {
    return facts.traceparent.empty() ? variable(r, main_conf(r).request_id_variable) : facts.trace_id();
}

std::string_view user_agent(const ngx_http_request_t* r) noexcept {
    return r->headers_in.user_agent != nullptr ? view(r->headers_in.user_agent->value) : std::string_view{};
}

std::string_view referrer(const ngx_http_request_t* r) noexcept {
    return r->headers_in.referer != nullptr ? view(r->headers_in.referer->value) : std::string_view{};
}

std::string_view client_address(const ngx_http_request_t* r) noexcept {
    if (r->connection->sockaddr->sa_family == AF_UNIX) {
        return {};
    }
    return view(r->connection->addr_text);
}

ClientAddress client_network(const ngx_http_request_t* r) noexcept {
    const sockaddr* address = r->connection->sockaddr;
    if (address->sa_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
        return client_address_v4(reinterpret_cast<const uint8_t*>(&v4->sin_addr));
    }
    if (address->sa_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
        return client_address_v6(v6->sin6_addr.s6_addr);
    }
    return {};
}

std::string_view variable(ngx_http_request_t* r, ngx_int_t index) noexcept {
    if (index == NGX_ERROR) {
        return {};
    }
    const ngx_http_variable_value_t* value = ngx_http_get_indexed_variable(r, static_cast<ngx_uint_t>(index));
    if (value == nullptr || value->not_found) {
        return {};
    }
    return {reinterpret_cast<const char*>(value->data), value->len};
}

Device DeviceCache::classify(std::string_view user_agent) noexcept {
    if (user_agent.empty() || user_agent.size() > kLongest_bytes) {
        return classify_device(user_agent);
    }
    Entry& entry = entries_[crc32c(0, user_agent.data(), user_agent.size()) % kEntries];
    if (entry.length != user_agent.size() || std::memcmp(entry.text, user_agent.data(), user_agent.size()) != 0) {
        entry.device = classify_device(user_agent);
        entry.length = static_cast<uint8_t>(user_agent.size());
        std::memcpy(entry.text, user_agent.data(), user_agent.size());
    }
    return entry.device;
}

}  // namespace coupon
