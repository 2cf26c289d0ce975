#include "admin/web_request.hpp"

#include <algorithm>
#include <array>

#include "admin/routes.hpp"
#include "admin/web_target.hpp"

namespace coupon {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::size_t target_max_bytes = 4096;
constexpr std::size_t headers_max = 64;

// Two of these would let two readers of one request believe different things.
constexpr std::array<std::string_view, 9> once_only{
    "authorization", "content-length", "content-type", "cookie",        "host",
    "origin",        "x-csrf-token",   "x-real-ip",    "sec-fetch-site"};

[[noreturn]] void bad(const std::string& message) {
    throw AdminError{400, "bad_request", message};
}

[[noreturn]] void too_large(int status, const std::string& message) {
    throw AdminError{status, "too_large", message};
}

bool is_token_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return lower;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The first line, which `text` loses.
std::string_view next_line(std::string_view& text) {
    const auto end = text.find(line_end);
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + line_end.size());
    return line;
}

void add_header(std::map<std::string, std::string>& headers, std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        bad("a header line is malformed");
    }
    const auto value = trimmed(line.substr(colon + 1));
    if (std::any_of(value.begin(), value.end(), [](char c) {
            return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
        })) {
        bad("a header holds a control character");
    }
    const auto name = lower_case(line.substr(0, colon));
    const auto [place, added] = headers.emplace(name, value);
    if (!added) {
        if (std::find(once_only.begin(), once_only.end(), name) != once_only.end()) {
            bad("the header " + name + " comes twice");
        }
        place->second += ", " + std::string(value);
    }
}

std::map<std::string, std::string> parse_headers(std::string_view lines) {
    std::map<std::string, std::string> headers;
    std::size_t count = 0;
    while (!lines.empty()) {
        if (++count > headers_max) {
            too_large(431, "more than " + std::to_string(headers_max) + " header lines");
        }
        add_header(headers, next_line(lines));
    }
    return headers;
}

std::size_t body_bytes(const std::map<std::string, std::string>& headers) {
    if (headers.contains("transfer-encoding")) {
        bad("a body needs a Content-Length: transfer codings are not taken");
    }
    const auto length = headers.find("content-length");
    if (length == headers.end()) {
        return 0;
    }
    const auto& digits = length->second;
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) {
        bad("Content-Length is no number");
    }
    if (digits.size() > 9 || std::stoul(digits) > web_body_max_bytes) {
        too_large(413, "the body is larger than 64 KiB");
    }
    return std::stoul(digits);
}

}  // namespace

std::string_view WebRequest::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<std::size_t> web_request_bytes(std::string_view bytes) {
    const auto end = bytes.find(head_end);
    if (std::min(end, bytes.size()) > web_head_max_bytes) {
        too_large(431, "the header lines are larger than 16 KiB");
    }
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    auto head = bytes.substr(0, end);
    next_line(head);
    return end + head_end.size() + body_bytes(parse_headers(head));
}

WebRequest parse_web_request(std::string_view bytes) {
    WebRequest request;
    const auto end = bytes.find(head_end);
    auto head = bytes.substr(0, end);
    const auto line = next_line(head);
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last || !is_token(line.substr(0, first)) ||
        (line.substr(last) != " HTTP/1.1" && line.substr(last) != " HTTP/1.0")) {
        bad("the request line is malformed");
    }
    request.method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    if (target.size() > target_max_bytes) {
        too_large(414, "the address is longer than 4096 bytes");
    }
    const auto question = std::min(target.find('?'), target.size());
    request.segments = decoded_segments(target.substr(0, question));
    request.query = decoded_query(target.substr(std::min(question + 1, target.size())));
    request.headers = parse_headers(head);
    request.body = bytes.substr(end + head_end.size());
    return request;
}

}  // namespace coupon
