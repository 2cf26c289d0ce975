// Which addresses a URL that came with a request may lead to, and calls that are refused before they
// are made; the keys of a queue; where metrics are served.
#include <gtest/gtest.h>

#include "runtime/error.hpp"
#include "runtime/http_client.hpp"
#include "runtime/metrics_server.hpp"
#include "runtime/public_address.hpp"
#include "runtime/redis_queue.hpp"

namespace coupon {
namespace {

TEST(PublicAddress, IsPublic) {
    for (const char* address :
         {"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
          "192.167.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255", "11.0.0.0",
          "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}) {
        EXPECT_TRUE(is_public_address(std::string(address))) << address;
    }
}

TEST(PublicAddress, IsNot) {
    for (const char* address :
         {"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.0", "100.127.255.255",
          "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.0", "172.31.255.255",
          "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255",
          "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
          "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
          "::ffff:169.254.169.254", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::8.8.8.8",
          "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1",
          "2002:7f00:1::1", "2002:808:808::1", "100::1", "3fff::1", "4000::1", "", "localhost",
          "8.8.8"}) {
        EXPECT_FALSE(is_public_address(std::string(address))) << address;
    }
}

HttpAnswer get_public(const std::string& url) {
    HttpRequest request;
    request.url = url;
    request.reach = HttpReach::public_https;
    request.timeout = std::chrono::seconds(2);
    return HttpClient().send(request);
}

TEST(PublicCalls, AreRefusedBeforeAnythingIsSent) {
    for (const char* url :
         {"https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://0/", "https://0x7f.1/",
          "https://2130706433/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/"}) {
        const auto answer = get_public(url);
        EXPECT_EQ(answer.outcome, HttpAnswer::Outcome::failed) << url;
        EXPECT_NE(answer.error.find("not a public one"), std::string::npos) << url << answer.error;
    }
    for (const char* url : {"http://127.0.0.1/", "https://127.0.0.1:8443/", "file:///etc/passwd",
                            "gopher://127.0.0.1/", "https://user@127.0.0.1/", "", "nonsense"}) {
        EXPECT_EQ(get_public(url).outcome, HttpAnswer::Outcome::failed) << url;
    }
}

TEST(Calls, TellNeitherPathNorQueryWhenTheyFail) {
    HttpRequest request;
    request.url = "http://127.0.0.1:9/path?token=sesame";
    request.headers = {{"Authorization", "Bearer sesame"}};
    const auto answer = HttpClient().send(request);
    EXPECT_EQ(answer.outcome, HttpAnswer::Outcome::failed);
    EXPECT_NE(answer.error.find("127.0.0.1"), std::string::npos);
    EXPECT_EQ(answer.error.find("sesame"), std::string::npos);
}

TEST(Calls, RefuseLineEndsInHeaders) {
    HttpRequest request;
    request.url = "http://127.0.0.1:9/";
    request.headers = {{"X-Name", "a\r\nX-Other: b"}};
    const auto answer = HttpClient().send(request);
    EXPECT_EQ(answer.outcome, HttpAnswer::Outcome::failed);
    EXPECT_NE(answer.error.find("line end"), std::string::npos);
}

TEST(QueueKeys, ShareASlot) {
    EXPECT_EQ(queue_key("webhooks"), "queue:webhooks");
    EXPECT_EQ(claims_key("webhooks"), "{queue:webhooks}:claims");
    EXPECT_EQ(processing_key("webhooks", "webhooks:host:1"),
              "{queue:webhooks}:processing:webhooks:host:1");
}

TEST(MetricsListen, IsAPortOrASocket) {
    const auto port = parse_listen_address("127.0.0.1:910%i", "3");
    EXPECT_EQ(port.host, "127.0.0.1");
    EXPECT_EQ(port.port, 9103);
    EXPECT_EQ(parse_listen_address("[::1]:9100", "0").host, "::1");
    EXPECT_EQ(parse_listen_address("unix:/run/coupon/%i.sock", "webhooks").path,
              "/run/coupon/webhooks.sock");
    for (const char* text : {"", "9100", ":9100", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
                             "127.0.0.1:91x", "unix:"}) {
        EXPECT_THROW(parse_listen_address(text, "0"), ConfigError) << text;
    }
}

}  // namespace
}  // namespace coupon
