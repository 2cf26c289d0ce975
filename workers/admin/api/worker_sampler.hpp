// Writes down every few seconds what the workers' heartbeats say: worker_rates for the chart of
// jobs by minute, worker_beats for those that are gone.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/redis_connection.hpp"

namespace coupon {

// A thread and connections of its own. Where several admin workers run, each sample is counted
// once. Redis or PostgreSQL away leaves a gap in the chart and is logged once.
class WorkerSampler {
  public:
    WorkerSampler(const std::string& database_url, const RedisAddress& redis, const Log& log);
    ~WorkerSampler();
    WorkerSampler(const WorkerSampler&) = delete;
    WorkerSampler& operator=(const WorkerSampler&) = delete;

  private:
    void run();
    void sample();

    PgConnection pg_;
    RedisConnection redis_;
    const Log& log_;
    bool failing_ = false;
    int samples_ = 0;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace coupon
