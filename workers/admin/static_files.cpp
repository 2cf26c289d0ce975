#include "admin/static_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr std::size_t file_max_bytes = 4 * 1024 * 1024;

struct Type {
    std::string_view ending, type;
};
// What has none of these endings is not given out.
constexpr std::array<Type, 9> types{{{".html", "text/html; charset=utf-8"},
                                     {".css", "text/css; charset=utf-8"},
                                     {".js", "text/javascript; charset=utf-8"},
                                     {".json", "application/json"},
                                     {".svg", "image/svg+xml"},
                                     {".png", "image/png"},
                                     {".ico", "image/x-icon"},
                                     {".webmanifest", "application/manifest+json"},
                                     {".woff2", "font/woff2"}}};

std::string_view type_of(std::string_view path) {
    for (const auto& [ending, type] : types) {
        if (path.ends_with(ending)) {
            return type;
        }
    }
    return "";
}

// Nothing unless it is a plain file. No part of the path is "..": WebRequest has none.
std::optional<std::string> read_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0) {
        return std::nullopt;
    }
    std::optional<std::string> text;
    struct stat status {};
    if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        static_cast<std::size_t>(status.st_size) <= file_max_bytes) {
        text.emplace(static_cast<std::size_t>(status.st_size), '\0');
        const auto bytes = ::pread(fd, text->data(), text->size(), 0);
        text->resize(static_cast<std::size_t>(std::max<ssize_t>(bytes, 0)));
    }
    ::close(fd);
    return text;
}

[[noreturn]] void no_such_file() {
    throw AdminError{404, "not_found", "there is nothing at this address"};
}

}  // namespace

bool StaticFiles::are_asked(const WebRequest& request) {
    return request.segments.empty() || request.segments.front() == "assets";
}

WebResponse StaticFiles::answer(const WebRequest& request) const {
    std::string path = request.segments.empty() ? "/index.html" : "";
    for (const auto& segment : request.segments) {
        if (segment.front() == '.') {
            no_such_file();  // hidden files are nobody's
        }
        path += "/" + segment;
    }
    const auto type = type_of(path);
    auto text = type.empty() ? std::nullopt : read_file(directory_ + path);
    if (!text) {
        no_such_file();
    }
    if (request.method != "GET" && request.method != "HEAD") {
        throw AdminError{405, "method_not_allowed", "this address takes GET only"};
    }
    WebResponse response;
    const auto tag = "\"" + hex_encode(as_text(sha256(*text))).substr(0, 32) + "\"";
    response.headers = {{"ETag", tag}, {"Cache-Control", "no-cache"}};
    response.content_type = type;
    if (request.header("if-none-match") == tag) {
        response.status = 304;
    } else {
        response.body = *std::move(text);
    }
    return response;
}

void StaticFiles::check() const {
    if (!read_file(directory_ + "/index.html")) {
        throw ConfigError("DASHBOARD_DIR: " + directory_ + " holds no index.html");
    }
}

}  // namespace coupon
