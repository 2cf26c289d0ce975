// workers/admin/web_request, web_target: what counts as a request, and what is refused.
#include <gtest/gtest.h>

#include "admin/routes.hpp"
#include "admin/web_request.hpp"

namespace coupon {
namespace {

std::string request(const std::string& target, const std::string& headers = "",
                    const std::string& body = "") {
    return "GET " + target + " HTTP/1.1\r\nHost: shop\r\n" + headers + "\r\n" + body;
}

// The status a request is refused with; 0: it is not.
int refused(const std::string& bytes) {
    try {
        web_request_bytes(bytes);
        parse_web_request(bytes);
        return 0;
    } catch (const AdminError& error) {
        return error.status;
    }
}

TEST(AdminRequest, TakesPathQueryHeadersAndBodyApart) {
    const auto bytes = request("/admin/workers/api/v1/queue/dlq/a%20b?q=x+y%26&limit=5&q=other",
                               "X-Real-IP:  192.0.2.1 \r\nContent-Length: 2\r\n", "{}");
    EXPECT_EQ(web_request_bytes(bytes), bytes.size());
    const auto parsed = parse_web_request(bytes);
    EXPECT_EQ(parsed.segments, (std::vector<std::string>{"api", "v1", "queue", "dlq", "a b"}));
    EXPECT_EQ(parsed.query, (std::map<std::string, std::string>{{"limit", "5"}, {"q", "x y&"}}));
    EXPECT_EQ(parsed.header("x-real-ip"), "192.0.2.1");
    EXPECT_EQ(parsed.header("cookie"), "");
    EXPECT_EQ(parsed.body, "{}");
    EXPECT_TRUE(parse_web_request(request("/admin/workers/")).segments.empty());
}

TEST(AdminRequest, WaitsForTheWholeHead) {
    const auto bytes = request("/admin/workers/", "Content-Length: 7\r\n");
    EXPECT_EQ(web_request_bytes(bytes.substr(0, bytes.size() - 1)), std::nullopt);
    EXPECT_EQ(web_request_bytes(bytes), bytes.size() + 7);
}

TEST(AdminRequest, FindsNothingBehindPathTricks) {
    for (const auto* path : {"/",
                             "/admin/workers",
                             "/admin/workersx/",
                             "/admin/workers//",
                             "/admin/workers/api/",
                             "/admin/workers//api",
                             "/admin/workers/api//v1",
                             "/admin/workers/../x",
                             "/admin/workers/./x",
                             "/admin/workers/%2e%2e/x",
                             "/admin/workers/%2E./x",
                             "/admin/workers/a%2fb",
                             "/admin/workers/a%5cb",
                             "/admin/workers/a\\b",
                             "/admin/workers/a%00b",
                             "/admin/workers/a%0ab",
                             "/admin/workers/a%7fb",
                             "/admin/workers/%",
                             "/admin/workers/%2",
                             "/admin/workers/%zz",
                             "/admin/workers/%ff",
                             "/admin%2fworkers/",
                             "/admin/%77orkers/",
                             "http://shop/admin/workers/",
                             "*",
                             "/admin/workers/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"}) {
        EXPECT_EQ(refused(request(path)), 404) << path;
    }
}

TEST(AdminRequest, RefusesQueriesThatAreNoText) {
    for (const auto* query : {"a=%", "a=%4", "a=%zz", "a=%00", "a=%ff", "%c3=1"}) {
        EXPECT_EQ(refused(request(std::string("/admin/workers/metrics?") + query)), 400) << query;
    }
    std::string many = "/admin/workers/?";
    for (int i = 0; i < 33; ++i) {
        many += "p" + std::to_string(i) + "=1&";
    }
    EXPECT_EQ(refused(request(many)), 400);
}

TEST(AdminRequest, RefusesWhatHasNoClearEndOrIsTooLarge) {
    const std::string at = "/admin/workers/metrics";
    EXPECT_EQ(refused(request(at, "Transfer-Encoding: chunked\r\n")), 400);
    EXPECT_EQ(refused(request(at, "Content-Length: 1\r\nContent-Length: 2\r\n")), 400);
    EXPECT_EQ(refused(request(at, "Content-Length: -1\r\n")), 400);
    EXPECT_EQ(refused(request(at, "Content-Length: 1x\r\n")), 400);
    EXPECT_EQ(refused(request(at, "Content-Length: \r\n")), 400);
    EXPECT_EQ(refused(request(at, "Content-Length: 65536\r\n", std::string(65536, ' '))), 0);
    EXPECT_EQ(refused(request(at, "Content-Length: 65537\r\n")), 413);
    EXPECT_EQ(refused(request(at, "Content-Length: 18446744073709551617\r\n")), 413);
    EXPECT_EQ(refused(std::string(16 * 1024 + 1, 'x')), 431);
    EXPECT_EQ(refused(request(at, "X: " + std::string(16 * 1024, 'x') + "\r\n")), 431);
    std::string flood;
    for (int i = 0; i < 64; ++i) {
        flood += "X-" + std::to_string(i) + ": 1\r\n";
    }
    EXPECT_EQ(refused(request(at, flood)), 431);
    EXPECT_EQ(refused(request(at + "?q=" + std::string(4096, 'x'))), 414);
}

TEST(AdminRequest, RefusesMalformedLinesAndDoubledHeaders) {
    const std::string at = "/admin/workers/metrics";
    for (const auto* headers :
         {"no colon\r\n", " folded: 1\r\n", "A : 1\r\n", ": 1\r\n", "A: b\nC: d\r\n",
          "Cookie: a=1\r\nCookie: b=2\r\n", "authorization: x\r\nAuthorization: y\r\n",
          "Host: other\r\n", "X-Real-IP: 1.2.3.4\r\nX-Real-IP: 5.6.7.8\r\n"}) {
        EXPECT_EQ(refused(request(at, headers)), 400) << headers;
    }
    EXPECT_EQ(refused(request(at, std::string("A: b\0c\r\n", 8))), 400);
    for (const auto* line : {"GET\r\n\r\n", "GET /admin/workers/\r\n\r\n", " / HTTP/1.1\r\n\r\n",
                             "GET /admin/workers/ HTTP/2.0\r\n\r\n", "\r\n\r\n",
                             "G\tT /admin/workers/ HTTP/1.1\r\n\r\n"}) {
        EXPECT_EQ(refused(line), 400) << line;
    }
}

}  // namespace
}  // namespace coupon
