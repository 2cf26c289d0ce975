// A C++ object whose life is an NGINX pool's: memory from the pool, destructor as its cleanup.
#pragma once

#include "nginx.hpp"

#include <new>
#include <utility>

namespace coupon {

// Constructs a T in `pool`; the pool destroys it. Null when the pool is out of memory.
template <class T, class... Arguments>
T* pool_object(ngx_pool_t* pool, Arguments&&... arguments) {
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(pool, sizeof(T) + alignof(T));
    if (cleanup == nullptr) {
        return nullptr;
    }
    auto address = reinterpret_cast<uintptr_t>(cleanup->data);
    address = (address + alignof(T) - 1) / alignof(T) * alignof(T);
    T* object = new (reinterpret_cast<void*>(address)) T(std::forward<Arguments>(arguments)...);
    cleanup->data = object;
    cleanup->handler = [](void* data) { static_cast<T*>(data)->~T(); };
    return object;
}

}  // namespace coupon
