// Sends mails on threads of their own, since libcurl's SMTP holds up whatever shares its thread
// while it waits for the server's last word.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/curl_mail.hpp"

namespace coupon {

class MailThreads {
  public:
    using Ended = std::pair<Transfers::Done, HttpAnswer>;

    // `ended` is called on one of the threads each time there is something to collect().
    MailThreads(std::size_t threads_max, std::function<void()> ended);
    // What is under way is given up, within a second.
    ~MailThreads();
    MailThreads(const MailThreads&) = delete;
    MailThreads& operator=(const MailThreads&) = delete;

    void start(const MailRequest& mail, Transfers::Done done);
    // Adds what ended since the last time; how many.
    std::size_t collect(std::deque<Ended>& into);

  private:
    struct Task {
        MailRequest mail;
        Transfers::Done done;
    };

    void work() noexcept;
    HttpAnswer send(const MailRequest& mail);
    std::unique_ptr<CurlMail> borrow();

    const std::size_t threads_max_;
    const std::function<void()> on_ended_;
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<Task> waiting_;
    std::deque<Ended> ended_;
    // The last one used is the next: its connection is the likeliest to live.
    std::vector<std::unique_ptr<CurlMail>> handles_;
    std::size_t idle_ = 0;
    std::vector<std::thread> threads_;
};

}  // namespace coupon
