// What the server sends back. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/routes.hpp"

namespace coupon {

struct WebResponse {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string content_type = "application/json";
    // Set: the connection stays open for live events, for as long as this says so.
    std::function<bool()> listens_while;
};

// {"error":{"code","message"}}.
WebResponse error_response(const AdminError& error);

// The message as it goes over the wire, without its body where that was only asked about (HEAD).
// One answer a connection; one that listens has no length.
std::string web_text(const WebResponse& response, bool without_body);

}  // namespace coupon
