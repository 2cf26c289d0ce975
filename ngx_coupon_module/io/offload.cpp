#include "io/offload.hpp"

extern "C" {
#include <ngx_thread_pool.h>
}

#include <memory>
#include <utility>

namespace coupon {
namespace {

struct Task {
    ngx_thread_task_t task{};
    std::function<void()> work;
    std::function<void()> done;
};

ngx_str_t pool_name = ngx_string("default");

void run(void* data, ngx_log_t*) { static_cast<Task*>(data)->work(); }

void finish(ngx_event_t* event) {
    std::unique_ptr<Task> task(static_cast<Task*>(event->data));
    task->done();
}

}  // namespace

bool offload(std::function<void()> work, std::function<void()> done) {
    auto* cycle = const_cast<ngx_cycle_t*>(ngx_cycle);
    ngx_thread_pool_t* pool = ngx_thread_pool_get(cycle, &pool_name);
    if (pool == nullptr) {
        return false;
    }
    auto task = std::make_unique<Task>();
    task->work = std::move(work);
    task->done = std::move(done);
    task->task.ctx = task.get();
    task->task.handler = run;
    task->task.event.data = task.get();
    task->task.event.handler = finish;
    task->task.event.log = cycle->log;
    if (ngx_thread_task_post(pool, &task->task) != NGX_OK) {
        return false;
    }
    task.release();  // finish() takes it back
    return true;
}

bool declare_thread_pool(ngx_conf_t* cf) { return ngx_thread_pool_add(cf, &pool_name) != nullptr; }

}  // namespace coupon
