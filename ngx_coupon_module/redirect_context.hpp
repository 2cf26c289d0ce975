// What one request to /out/ knows about itself; lives in the request's pool.
#pragma once

#include "nginx.hpp"
#include "request_context.hpp"
#include "request_facts.hpp"
#include "stats.hpp"

#include "core/redirect_path.hpp"
#include "journal/writer.hpp"

#include <cstdint>

namespace coupon {

struct RedirectContext : RequestContext {
    RedirectPath path;
    RedirectArgs arguments;
    HeaderFacts headers;
    uint64_t user;           // 0: none, or dropped because its signature did not hold
    uint8_t flags;           // of the click record
    Outcome outcome;
    CacheLevel cache;
    bool has_path;           // path is parsed
    bool answered;           // outcome is final
    bool has_click_id;
    bool waited;             // the answer had to wait for PostgreSQL or the disk
    char click_id[36];
    uint64_t started_ns;     // monotonic; 0: not measured
    RecordRef record;        // where the click stands in the journal
    ngx_str_t location;
};

// Only in requests that redirect() has seen; null before.
inline RedirectContext* redirect_context(ngx_http_request_t* r) noexcept {
    return static_cast<RedirectContext*>(request_context(r));
}

}  // namespace coupon
