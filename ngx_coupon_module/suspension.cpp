#include "suspension.hpp"

#include <new>

namespace coupon {

std::shared_ptr<Suspension> Suspension::hold(ngx_http_request_t* r) {
    using Pointer = std::shared_ptr<Suspension>;
    ngx_http_cleanup_t* cleanup = ngx_http_cleanup_add(r, sizeof(Pointer) + alignof(Pointer));
    if (cleanup == nullptr) {
        return nullptr;
    }
    auto suspension = std::make_shared<Suspension>();
    suspension->request_ = r;
    auto* place = reinterpret_cast<Pointer*>(ngx_align_ptr(cleanup->data, alignof(Pointer)));
    cleanup->data = new (place) Pointer(suspension);
    cleanup->handler = [](void* data) {
        auto* held = static_cast<Pointer*>(data);
        (*held)->request_ = nullptr;
        held->~Pointer();
    };
    ++r->main->count;
    return suspension;
}

void Suspension::resume(ngx_int_t rc) noexcept {
    ngx_http_request_t* r = request_;
    if (r == nullptr) {
        return;
    }
    ngx_connection_t* connection = r->connection;
    ngx_http_finalize_request(r, rc);  // runs the clean-up, which may be the last to hold `this`
    ngx_http_run_posted_requests(connection);
}

}  // namespace coupon
