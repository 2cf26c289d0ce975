#include "admin/web_response.hpp"

#include <nlohmann/json.hpp>

namespace coupon {
namespace {

// Nothing from elsewhere, nothing inline, in nobody's frame.
constexpr std::string_view security_headers =
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; object-src 'none'; form-action "
    "'self'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n";

std::string_view reason(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 503:
            return "Service Unavailable";
        default:
            return status < 400 ? "OK" : "Error";
    }
}

}  // namespace

WebResponse error_response(const AdminError& error) {
    WebResponse response;
    response.status = error.status;
    const nlohmann::json body{{"error", {{"code", error.code}, {"message", error.message}}}};
    response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return response;
}

std::string web_text(const WebResponse& response, bool without_body) {
    std::string text = "HTTP/1.1 " + std::to_string(response.status) + " " +
                       std::string(reason(response.status)) + "\r\n";
    bool caching = false;
    for (const auto& [name, value] : response.headers) {
        text += name + ": " + value + "\r\n";
        caching = caching || name == "Cache-Control";
    }
    text += security_headers;
    if (!caching) {
        text += "Cache-Control: no-store\r\n";
    }
    const bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless) {
        text += "Content-Type: " + response.content_type + "\r\n";
    }
    if (!bodiless && !response.listens_while) {
        text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    }
    text += "Connection: close\r\n\r\n";
    return without_body || bodiless ? text : text + response.body;
}

}  // namespace coupon
