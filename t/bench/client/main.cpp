// Sends a given number of requests over keep-alive connections, as fast as they are answered or
// at a fixed rate, and prints counts and latencies as JSON.
//
//   bench_client PORT LINKS HEADERS CONNECTIONS COUNT [RATE]
//
// LINKS: a file with a path a line, of which each request takes one at random; HEADERS: a file with
// header lines. With a RATE (requests a second) latency counts from the moment a request was due,
// whether or not a connection was free then, so a slow server cannot hide its own delays.
#include "connection.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <fstream>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

std::vector<std::string> read_requests(const char* links, const char* headers) {
    std::string head;
    std::string line;
    std::ifstream header_lines(headers);
    while (std::getline(header_lines, line)) {
        head += line + "\r\n";
    }
    std::vector<std::string> requests;
    std::ifstream paths(links);
    while (std::getline(paths, line)) {
        requests.push_back("GET " + line + " HTTP/1.1\r\n" + head + "\r\n");
    }
    if (requests.empty()) {
        throw std::runtime_error("no links to follow");
    }
    return requests;
}

class Load {
public:
    Load(uint16_t port, size_t connections, std::vector<std::string> requests, size_t count, double rate,
         size_t addresses)
        : requests_(std::move(requests)), count_(count), rate_(rate), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        for (size_t i = 0; i < connections; ++i) {
            connections_.emplace_back(port, static_cast<uint8_t>(addresses == 0 ? 0 : 1 + i % addresses));
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = i;
            epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back().fd(), &event);
            idle_.push_back(i);
        }
        due_.resize(connections);
        latencies_us_.reserve(count);
    }

    void run() {
        started_ = Clock::now();
        while (latencies_us_.size() < count_) {
            send_what_is_due();
            receive();
        }
        seconds_ = std::chrono::duration<double>(Clock::now() - started_).count();
    }

    void print() {
        std::sort(latencies_us_.begin(), latencies_us_.end());
        std::printf("{\"seconds\": %.6f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, \"statuses\": {", seconds_,
                    quantile(0.50), quantile(0.99), latencies_us_.back());
        const char* separator = "";
        for (const auto& [status, answers] : statuses_) {
            std::printf("%s\"%d\": %zu", separator, status, answers);
            separator = ", ";
        }
        std::printf("}}\n");
    }

private:
    Clock::time_point due(size_t number) const {
        return rate_ == 0 ? Clock::now()
                          : started_ + nanoseconds(static_cast<int64_t>(static_cast<double>(number) * 1e9 / rate_));
    }

    void send_what_is_due() {
        while (sent_ < count_ && !idle_.empty()) {
            const Clock::time_point when = due(sent_);
            if (when > Clock::now()) {
                return;
            }
            const size_t index = idle_.front();
            idle_.pop_front();
            due_[index] = when;
            connections_[index].send(requests_[random_() % requests_.size()]);
            ++sent_;
        }
    }

    void receive() {
        epoll_event events[64];
        const nanoseconds wait = sent_ < count_ && !idle_.empty() ? std::max(nanoseconds(0), due(sent_) - Clock::now())
                                                                  : std::chrono::seconds(30);
        const timespec timeout{.tv_sec = wait.count() / 1'000'000'000, .tv_nsec = wait.count() % 1'000'000'000};
        const int ready = epoll_pwait2(epoll_, events, 64, &timeout, nullptr);
        if (ready == 0 && wait >= std::chrono::seconds(30)) {
            throw std::runtime_error("no answer within 30 s");
        }
        for (int i = 0; i < ready; ++i) {
            const size_t index = events[i].data.u64;
            if (const int status = connections_[index].receive()) {
                ++statuses_[status];
                latencies_us_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - due_[index]).count());
                idle_.push_back(index);
            }
        }
    }

    double quantile(double part) const {
        return latencies_us_[static_cast<size_t>(part * static_cast<double>(latencies_us_.size() - 1))];
    }

    std::vector<std::string> requests_;
    size_t count_;
    double rate_;
    int epoll_;
    std::vector<Connection> connections_;
    std::deque<size_t> idle_;  // taken in turn, so that a low rate uses all connections
    std::vector<Clock::time_point> due_;
    std::vector<double> latencies_us_;
    std::map<int, size_t> statuses_;
    std::minstd_rand random_{20260101};
    size_t sent_ = 0;
    Clock::time_point started_;
    double seconds_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fprintf(stderr, "bench_client PORT LINKS HEADERS CONNECTIONS COUNT [RATE|0 [ADDRESSES]]\n");
        return 2;
    }
    try {
        prctl(PR_SET_TIMERSLACK, 1);  // the kernel's default of 50 us is a whole interval at 20,000/s
        Load load(static_cast<uint16_t>(std::stoul(argv[1])), std::stoul(argv[4]), read_requests(argv[2], argv[3]),
                  std::stoul(argv[5]), argc > 6 ? std::stod(argv[6]) : 0, argc > 7 ? std::stoul(argv[7]) : 0);
        load.run();
        load.print();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_client: %s\n", error.what());
        return 1;
    }
}
