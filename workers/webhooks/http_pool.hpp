// Outgoing HTTP for several threads: each call borrows a client, and with it a living connection.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "runtime/http_client.hpp"

namespace coupon {

class HttpPool {
  public:
    HttpAnswer send(const HttpRequest& request) {
        auto client = borrow();
        auto answer = client->send(request);
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(client));
        return answer;
    }

  private:
    std::unique_ptr<HttpClient> borrow() {
        const std::lock_guard lock(mutex_);
        if (idle_.empty()) {
            return std::make_unique<HttpClient>();
        }
        auto client = std::move(idle_.back());
        idle_.pop_back();
        return client;
    }

    std::mutex mutex_;
    std::vector<std::unique_ptr<HttpClient>> idle_;
};

}  // namespace coupon
