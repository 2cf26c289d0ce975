// Tells systemd how the worker is: READY once its loops run, WATCHDOG while every one of them comes
// round, STOPPING when a stop is requested. sd_notify(3)'s datagrams, without its library.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "runtime/log.hpp"
#include "runtime/stop_signal.hpp"

namespace coupon {

// Does nothing where nobody listens (NOTIFY_SOCKET is not set). With WATCHDOG_USEC a loop that did
// not come round for that time ends the feeding: systemd then kills the worker, which starts anew.
// One per process, made before its loops; a datagram that cannot be sent is no error.
class ServiceNotifier {
  public:
    ServiceNotifier(const StopSignal& stop, const Log& log);
    ~ServiceNotifier();
    ServiceNotifier(const ServiceNotifier&) = delete;
    ServiceNotifier& operator=(const ServiceNotifier&) = delete;

  private:
    void run();
    void feed();
    void send(const std::string& state) const noexcept;
    bool ended_within(std::chrono::milliseconds time);

    const StopSignal& stop_;
    const Log& log_;
    const std::string socket_;
    const std::chrono::microseconds limit_;  // 0: no watchdog
    bool stuck_ = false;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool ended_ = false;
    std::thread thread_;
};

}  // namespace coupon
