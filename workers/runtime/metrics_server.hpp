// Answers GET /metrics on a port or a unix socket, one connection after the other: it is for a
// scraper, not for the public.
#pragma once

#include <optional>
#include <string>
#include <thread>

#include "runtime/log.hpp"
#include "runtime/metrics.hpp"

namespace coupon {

struct ListenAddress {
    std::string host;  // numeric; empty for a unix socket
    int port = 0;
    std::string path;
};

// METRICS_LISTEN: host:port, [v6]:port or unix:PATH; %i becomes `instance`. Throws ConfigError.
ListenAddress parse_listen_address(const std::string& text, const std::string& instance);

// METRICS_LISTEN with WORKER_INSTANCE (default 0); nothing where it is not set. Throws ConfigError.
std::optional<ListenAddress> configured_metrics_listen();

class MetricsServer {
  public:
    // Throws CommandError when the address is taken or not ours.
    MetricsServer(const ListenAddress& address, Metrics& metrics);
    ~MetricsServer();
    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;

  private:
    void run();
    void answer(int connection);

    Metrics& metrics_;
    std::string path_;
    int listener_ = -1;
    int stop_ = -1;
    std::thread thread_;
};

}  // namespace coupon
