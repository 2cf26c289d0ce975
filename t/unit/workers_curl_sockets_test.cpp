// Which of the open connections a request is about to be written to.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/curl_sockets.hpp"

namespace coupon {
namespace {

sockaddr_in at(const char* address, int port) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, address, &place.sin_addr);
    return place;
}

bool bind_to(int fd, const sockaddr_in& place) {
    const int yes = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0;
}

int port_of(int fd) {
    sockaddr_in place{};
    socklen_t size = sizeof place;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&place), &size);
    return ntohs(place.sin_port);
}

TEST(CurlSockets, TellServersOnTheSamePortApart) {
    const int first_server = ::socket(AF_INET, SOCK_STREAM, 0);
    const int second_server = ::socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_TRUE(bind_to(first_server, at("127.0.0.1", 0)));
    const int port = port_of(first_server);
    ASSERT_TRUE(bind_to(second_server, at("127.0.0.2", port)));
    ::listen(first_server, 1);
    ::listen(second_server, 1);

    CurlSockets sockets;
    curl_sockaddr wanted{};
    wanted.family = AF_INET;
    wanted.socktype = SOCK_STREAM;
    const int first = sockets.open(wanted);
    const int second = sockets.open(wanted);
    ASSERT_TRUE(bind_to(first, at("127.0.0.1", 0)));
    const int local = port_of(first);
    ASSERT_TRUE(bind_to(second, at("127.0.0.1", local)));
    for (const auto& [fd, address] :
         {std::pair(first, "127.0.0.1"), std::pair(second, "127.0.0.2")}) {
        const auto server = at(address, port);
        ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server), 0);
    }

    const CurlEnd here{"127.0.0.1", local};
    for (const auto& [fd, address] :
         {std::pair(first, "127.0.0.1"), std::pair(second, "127.0.0.2")}) {
        const auto found = sockets.find(here, {address, port});
        ASSERT_TRUE(found);
        EXPECT_EQ(found->fd, fd);
    }
    EXPECT_FALSE(sockets.find(here, {"127.0.0.3", port}));
    CurlSockets::close(&sockets, first);
    CurlSockets::close(&sockets, second);
    ::close(first_server);
    ::close(second_server);
}

}  // namespace
}  // namespace coupon
