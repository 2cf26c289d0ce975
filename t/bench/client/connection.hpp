// One keep-alive connection that has at most one request on its way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

class Connection {
public:
    // Connects to 127.0.0.1, from 127.0.1.`source` or where that is 0 from wherever the kernel likes;
    // throws std::runtime_error.
    Connection(uint16_t port, uint8_t source);
    ~Connection();
    Connection(Connection&& other) noexcept;
    Connection(const Connection&) = delete;

    int fd() const { return fd_; }

    // A request is a few hundred bytes: it fits the empty socket buffer, or this throws.
    void send(std::string_view request);

    // Reads what is there; the status once the whole answer has arrived, else 0.
    int receive();

private:
    int status_of_whole_answer();

    int fd_;
    std::string answer_;
};
