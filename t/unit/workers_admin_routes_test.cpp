// workers/admin/route_table, live_feed's texts, web_response.
#include <gtest/gtest.h>

#include "admin/live_feed.hpp"
#include "admin/route_table.hpp"
#include "admin/web_response.hpp"

namespace coupon {
namespace {

RouteTable table() {
    return RouteTable({{"GET", "api/{queue}/{id}", AdminRole::read_only, nullptr},
                       {"DELETE", "api/{queue}/{id}", AdminRole::operate, nullptr},
                       {"POST", "api/{queue}/retry", AdminRole::operate, nullptr},
                       {"GET", "metrics", AdminRole::read_only, nullptr}});
}

int refused(const std::string& method, const std::vector<std::string>& segments) {
    try {
        const auto match = table().find(method, segments);
        return match.route == nullptr ? -1 : 0;
    } catch (const AdminError& error) {
        return error.status;
    }
}

TEST(AdminRoutes, GivesWhatStandsForCaptures) {
    const auto routes = table();
    const auto match = routes.find("GET", {"api", "email", "7"});
    EXPECT_EQ(match.captures, (std::vector<std::string>{"email", "7"}));
    EXPECT_EQ(routes.find("HEAD", {"metrics"}).route->pattern, "metrics");
}

TEST(AdminRoutes, WordsOutrankCaptures) {
    const auto routes = table();
    EXPECT_EQ(routes.find("POST", {"api", "email", "retry"}).captures,
              std::vector<std::string>{"email"});
    EXPECT_EQ(routes.find("GET", {"api", "email", "retry"}).captures.back(), "retry");
}

TEST(AdminRoutes, SaysWhichMethodsThereAre) {
    EXPECT_EQ(refused("PUT", {"metrics"}), 405);
    EXPECT_EQ(refused("get", {"metrics"}), 405);
    EXPECT_EQ(refused("GET", {"metric"}), 404);
    EXPECT_EQ(refused("GET", {"metrics", "x"}), 404);
    EXPECT_EQ(refused("GET", {}), 404);
    EXPECT_EQ(table().allowed({"api", "email", "retry"}), "DELETE, GET, POST");
}

TEST(AdminRoutes, TwoRoutesOfOneShapeAreAMistake) {
    EXPECT_THROW(RouteTable({{"GET", "a/{x}", AdminRole::read_only, nullptr},
                             {"GET", "a/{y}", AdminRole::read_only, nullptr}}),
                 std::logic_error);
}

TEST(AdminEvents, PutsEachLineOfTheDataIntoAFieldOfItsOwn) {
    EXPECT_EQ(event_text("queues", "{\n}"), "event: queues\ndata: {\ndata: }\n\n");
    EXPECT_EQ(event_text("queues", ""), "event: queues\ndata: \n\n");
}

TEST(AdminEvents, TheTimeAloneIsNoChange) {
    EXPECT_EQ(without_time(R"({"at":"1","depth":3})"), without_time(R"({"at":"2","depth":3})"));
    EXPECT_NE(without_time(R"({"at":"1","depth":3})"), without_time(R"({"at":"1","depth":4})"));
    EXPECT_EQ(without_time("[1]"), "[1]");
    EXPECT_EQ(without_time("{broken"), "{broken");
}

TEST(AdminResponse, SaysItsLengthUnlessItGoesOn) {
    WebResponse response;
    response.body = "{}";
    EXPECT_NE(web_text(response, false).find("Content-Length: 2\r\n"), std::string::npos);
    EXPECT_TRUE(web_text(response, false).ends_with("\r\n\r\n{}"));
    EXPECT_TRUE(web_text(response, true).ends_with("\r\n\r\n"));
    response.listens_while = [] { return true; };
    EXPECT_EQ(web_text(response, false).find("Content-Length"), std::string::npos);
}

TEST(AdminResponse, AnErrorsMessageIsJsonWhateverItHolds) {
    const auto text = error_response({400, "bad_request", "a \"quote\" and \xff"}).body;
    EXPECT_EQ(text, R"({"error":{"code":"bad_request","message":"a \"quote\" and )"
                    "\xef\xbf\xbd"
                    "\"}}");
}

}  // namespace
}  // namespace coupon
