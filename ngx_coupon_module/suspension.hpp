// A request that waits for something outside the event loop's own turn. NGINX may end the request
// meanwhile (the client resets its stream, a worker's shutdown time is over): then nothing resumes.
#pragma once

#include "nginx.hpp"

#include <memory>

namespace coupon {

class Suspension {
public:
    // Takes a reference to the request; its handler must return NGX_DONE. Null: out of memory.
    static std::shared_ptr<Suspension> hold(ngx_http_request_t* r);

    // Null once NGINX has ended the request.
    ngx_http_request_t* request() const noexcept { return request_; }

    // Gives the reference back: `rc` is what the handler would have returned. Once.
    void resume(ngx_int_t rc) noexcept;

private:
    ngx_http_request_t* request_ = nullptr;
};

}  // namespace coupon
