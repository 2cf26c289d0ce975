#include "core/client_address.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

std::string shared(std::string_view text) {
    auto address = parse_client_address(text);
    return address ? to_string(*address) : "none";
}

TEST(ClientAddress, Ipv4IsWhole) {
    EXPECT_EQ(shared("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(parse_client_address("192.0.2.1")->key(), std::string_view("\xc0\x00\x02\x01", 4));
    EXPECT_NE(parse_client_address("192.0.2.1"), parse_client_address("192.0.2.2"));
}

TEST(ClientAddress, Ipv6IsItsNetwork) {
    EXPECT_EQ(shared("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    EXPECT_EQ(parse_client_address("2001:db8:1:2::1"), parse_client_address("2001:DB8:1:2:ffff::"));
    EXPECT_NE(parse_client_address("2001:db8:1:2::1"), parse_client_address("2001:db8:1:3::1"));
    EXPECT_EQ(parse_client_address("2001:db8:1:2::1")->key().size(), 8u);
    EXPECT_EQ(shared("::1"), "::");
}

TEST(ClientAddress, MappedIpv4CountsAsIpv4) {
    EXPECT_EQ(parse_client_address("::ffff:192.0.2.1"), parse_client_address("192.0.2.1"));
    EXPECT_NE(parse_client_address("::fffe:192.0.2.1"), parse_client_address("192.0.2.1"));
}

TEST(ClientAddress, RefusesOtherText) {
    for (std::string_view bad : {"", "unix:", "192.0.2", "192.0.2.256", "192.0.2.1:80", "[::1]",
                                 "::1%lo", "example", "1:2:3:4:5:6:7:8:9", "192.0.2.1 ", " ::1"}) {
        EXPECT_FALSE(parse_client_address(bad)) << bad;
        EXPECT_FALSE(is_ip_address(bad)) << bad;
    }
    EXPECT_FALSE(is_ip_address(std::string_view("192.0.2.1\0", 10)));
    EXPECT_FALSE(is_ip_address(std::string(16000, '1')));
    EXPECT_FALSE(is_ip_address({}));
    EXPECT_TRUE(is_ip_address("::ffff:192.0.2.1"));
    EXPECT_TRUE(is_ip_address("192.0.2.1"));
}

}  // namespace
}  // namespace coupon
