#include "runtime/mail_threads.hpp"

#include <algorithm>
#include <exception>
#include <system_error>

namespace coupon {

MailThreads::MailThreads(std::size_t threads_max, std::function<void()> ended)
    : threads_max_(threads_max), on_ended_(std::move(ended)) {}

MailThreads::~MailThreads() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    work_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

void MailThreads::start(const MailRequest& mail, Transfers::Done done) {
    const std::lock_guard lock(mutex_);
    if (idle_ <= waiting_.size() && threads_.size() < threads_max_) {
        try {
            threads_.emplace_back([this] { work(); });
        } catch (const std::system_error&) {
            // Those that are there take it.
            if (threads_.empty()) {
                throw;
            }
        }
    }
    waiting_.push_back({mail, std::move(done)});
    work_.notify_one();
}

std::size_t MailThreads::collect(std::deque<Ended>& into) {
    const std::lock_guard lock(mutex_);
    const auto count = ended_.size();
    std::move(ended_.begin(), ended_.end(), std::back_inserter(into));
    ended_.clear();
    return count;
}

void MailThreads::work() noexcept {
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_;
        work_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
        --idle_;
        if (stop_) {
            return;
        }
        auto task = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        auto answer = send(task.mail);
        lock.lock();
        ended_.emplace_back(std::move(task.done), std::move(answer));
        lock.unlock();
        on_ended_();
        lock.lock();
    }
}

HttpAnswer MailThreads::send(const MailRequest& mail) {
    std::unique_ptr<CurlMail> handle;
    HttpAnswer answer;
    try {
        handle = borrow();
        answer = handle->send(mail);
    } catch (const std::exception& failure) {
        answer = {};
        answer.error = failure.what();
    }
    if (handle) {
        const std::lock_guard lock(mutex_);
        handles_.push_back(std::move(handle));
    }
    return answer;
}

std::unique_ptr<CurlMail> MailThreads::borrow() {
    {
        const std::lock_guard lock(mutex_);
        if (!handles_.empty()) {
            auto handle = std::move(handles_.back());
            handles_.pop_back();
            return handle;
        }
    }
    return std::make_unique<CurlMail>(stop_);
}

}  // namespace coupon
