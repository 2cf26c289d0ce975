// GET /health: 200 once a catalogue was loaded, so that a load balancer sends no one here before.
#include "answers.hpp"
#include "conf.hpp"
#include "edge.hpp"
#include "pages.hpp"

namespace coupon {

ngx_int_t health_page(ngx_http_request_t* r) {
    if (const ngx_int_t rc = ngx_http_discard_request_body(r); rc != NGX_OK) {
        return rc;
    }
    if (!Edge::running() || !Edge::current().ready()) {
        return send_text(r, NGX_HTTP_SERVICE_UNAVAILABLE, "no catalogue was loaded yet\n");
    }
    return send_text(r, NGX_HTTP_OK, "OK");
}

}  // namespace coupon
