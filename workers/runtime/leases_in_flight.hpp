// The jobs a runner works on right now; their leases are renewed by a thread and connection of its
// own, since the ones that work are busy.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/job_table.hpp"
#include "runtime/log.hpp"

namespace coupon {

class LeasesInFlight {
  public:
    LeasesInFlight(const JobTable& table, const std::string& database_url,
                   std::chrono::seconds lease, const Log& log);
    ~LeasesInFlight();
    LeasesInFlight(const LeasesInFlight&) = delete;
    LeasesInFlight& operator=(const LeasesInFlight&) = delete;

    // From the construction of a Hold to its end the job's lease is kept.
    class Hold {
      public:
        Hold(LeasesInFlight& leases, const Job& job);
        ~Hold();
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;

      private:
        LeasesInFlight& leases_;
        std::list<Job>::iterator place_;
    };

    // Ends the renewing and gives back what is still in flight; how many jobs. Failures are logged:
    // those leases lapse by themselves.
    std::size_t give_back_all();

  private:
    void run();
    std::vector<Job> snapshot();
    void renew_all();
    void stop();

    const JobTable& table_;
    const std::chrono::seconds lease_;
    const Log& log_;
    PgConnection pg_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::list<Job> jobs_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace coupon
