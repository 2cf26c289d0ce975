// Runs a blocking piece of work in NGINX's thread pool and comes back to the event loop.
#pragma once

#include "nginx.hpp"

#include <functional>

namespace coupon {

// `work` runs on a pool thread and must touch nothing the loop touches; `done` runs on the loop
// afterwards. Neither may throw. False when the pool's queue is full: then neither runs.
bool offload(std::function<void()> work, std::function<void()> done);

// At configuration time: makes sure that the pool exists.
bool declare_thread_pool(ngx_conf_t* cf);

}  // namespace coupon
