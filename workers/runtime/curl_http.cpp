#include "runtime/curl_http.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "runtime/correlation.hpp"
#include "runtime/installation.hpp"
#include "runtime/public_address.hpp"

namespace coupon {
namespace {

constexpr std::size_t answer_headers_max_bytes = 64 * 1024;

bool same_word(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

std::string why_not(const HttpRequest& request, const CurlTarget& target) {
    if (!target.readable) {
        return "the URL is malformed";
    }
    const auto bad_header = [](const auto& header) {
        return has_line_end(header.first) || has_line_end(header.second);
    };
    if (has_line_end(request.method) ||
        std::any_of(request.headers.begin(), request.headers.end(), bad_header)) {
        return "a header holds a line end";
    }
    if (request.reach == HttpReach::trusted) {
        return {};
    }
    if (target.scheme != "https") {
        return "only https may be called";
    }
    if (target.port != "443") {
        return "only port 443 may be called";
    }
    return target.user.empty() ? "" : "the URL names a user";
}

std::optional<std::uint32_t> number_behind(std::string_view line, std::string_view words) {
    const auto at = line.find(words);
    std::uint32_t number = 0;
    if (at == std::string_view::npos ||
        std::from_chars(line.data() + at + words.size(), line.data() + line.size(), number).ec !=
            std::errc()) {
        return std::nullopt;
    }
    return number;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos
               ? std::string_view{}
               : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

bool CurlHttp::begin(const HttpRequest& request, bool fresh) {
    const CurlTarget target(request.url);
    answer_ = {};
    host_ = target.host;
    if (!fresh) {  // begun again, it may be in another call's scope
        traceparent_ = outgoing_traceparent();
    }
    if (const auto why = why_not(request, target); !why.empty()) {
        return refuse(why);
    }
    if (LeaseClock::now() >= request.not_after) {
        answer_.too_late = true;
        return refuse(too_late_text);
    }
    body_max_ = request.answer_max_bytes;
    header_bytes_ = 0;
    public_only_ = request.reach == HttpReach::public_https;
    repeatable_ = request.repeatable;
    not_after_ = request.not_after;
    too_long_ = forbidden_ = stale_ = broke_ = too_late_ = false;
    connection_.reset();
    stream_ = 0;

    handle_.prepare(request.url, public_only_ ? "https" : "http,https",
                    {request.connect_timeout, request.timeout}, request.user, request.password);
    handle_.set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    handle_.set(CURLOPT_FOLLOWLOCATION, 0L);
    handle_.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    // Rather a stream of a connection that is being opened than one more connection. Without TLS
    // nobody could say early on that it will have streams.
    handle_.set(CURLOPT_PIPEWAIT, target.scheme == "https" ? 1L : 0L);
    handle_.set(CURLOPT_USERAGENT, (std::string("coupon-worker/") + program_version).c_str());
    // A kept connection was checked under another rule, or none.
    handle_.set(CURLOPT_FRESH_CONNECT, public_only_ || fresh ? 1L : 0L);
    handle_.set(CURLOPT_FORBID_REUSE, public_only_ ? 1L : 0L);
    set_headers(request);
    set_method(request);
    set_callbacks();
    return true;
}

void CurlHttp::set_headers(const HttpRequest& request) {
    headers_.reset();
    bool typed = false;
    for (const auto& [name, value] : request.headers) {
        typed = typed || same_word(name, "content-type");
        // libcurl's way to send a header without a value.
        append(headers_, value.empty() ? name + ";" : name + ": " + value);
    }
    if (!traceparent_.empty()) {
        append(headers_, "traceparent: " + traceparent_);
    }
    append(headers_, "Expect:");
    if (!typed) {
        append(headers_, "Content-Type:");
    }
    handle_.set(CURLOPT_HTTPHEADER, headers_.get());
}

void CurlHttp::set_method(const HttpRequest& request) {
    if (request.method == "HEAD") {
        handle_.set(CURLOPT_NOBODY, 1L);
        return;
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
        request.method == "PATCH") {
        handle_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        handle_.set(CURLOPT_POSTFIELDS, request.body.data());
    }
    handle_.set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void CurlHttp::set_callbacks() {
    handle_.set(CURLOPT_WRITEFUNCTION, take_body);
    handle_.set(CURLOPT_WRITEDATA, this);
    handle_.set(CURLOPT_HEADERFUNCTION, take_header);
    handle_.set(CURLOPT_HEADERDATA, this);
    handle_.set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    handle_.set(CURLOPT_OPENSOCKETDATA, this);
    handle_.set(CURLOPT_CLOSESOCKETFUNCTION, CurlSockets::close);
    handle_.set(CURLOPT_CLOSESOCKETDATA, &sockets_);
    handle_.set(CURLOPT_PREREQFUNCTION, before_sending);
    handle_.set(CURLOPT_PREREQDATA, this);
    handle_.set(CURLOPT_DEBUGFUNCTION, watch);
    handle_.set(CURLOPT_DEBUGDATA, this);
    handle_.set(CURLOPT_VERBOSE, 1L);
}

HttpAnswer CurlHttp::end(CURLcode code) {
    if (!answer_.error.empty()) {
        return std::move(answer_);
    }
    if (code == CURLE_OK) {
        long status = 0;
        curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
        answer_.status = static_cast<int>(status);
        answer_.outcome = HttpAnswer::Outcome::answered;
        return std::move(answer_);
    }
    // Not a byte of the request left, or nobody looked at it: it certainly did not happen.
    answer_.outcome = sent_bytes() == 0 || refused_stream() ? HttpAnswer::Outcome::failed
                                                            : HttpAnswer::Outcome::unknown;
    answer_.too_late = too_late_ && answer_.outcome == HttpAnswer::Outcome::failed;
    answer_.headers.clear();
    answer_.body.clear();
    refuse(too_late_    ? too_late_text
           : forbidden_ ? "its address is not a public one"
           : too_long_  ? "the answer is too long"
           : broke_     ? "the connection broke after the request was sent"
           : stale_     ? "the connection was closed before the request was sent"
                        : curl_easy_strerror(code));
    return std::move(answer_);
}

bool CurlHttp::refuse(const std::string& why) {
    answer_.error = host_.empty() ? why : host_ + ": " + why;
    return false;
}

long CurlHttp::sent_bytes() const {
    long sent = 0;
    curl_easy_getinfo(handle(), CURLINFO_REQUEST_SIZE, &sent);
    return sent;
}

size_t CurlHttp::take_body(char* data, size_t size, size_t count, void* self) noexcept {
    auto& call = *static_cast<CurlHttp*>(self);
    const size_t bytes = size * count;
    if (bytes > call.body_max_ - call.answer_.body.size()) {
        call.too_long_ = true;
        return 0;
    }
    try {
        call.answer_.body.append(data, bytes);
    } catch (...) {
        return 0;
    }
    return bytes;
}

size_t CurlHttp::take_header(char* data, size_t size, size_t count, void* self) noexcept {
    auto& call = *static_cast<CurlHttp*>(self);
    const size_t bytes = size * count;
    call.header_bytes_ += bytes;
    if (call.header_bytes_ > answer_headers_max_bytes) {
        call.too_long_ = true;
        return 0;
    }
    const std::string_view line(data, bytes);
    if (line.starts_with("HTTP/")) {  // also after an interim answer
        call.answer_.headers.clear();
        return bytes;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
        return bytes;
    }
    try {
        std::string name(line.substr(0, colon));
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        call.answer_.headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
    } catch (...) {
        return 0;
    }
    return bytes;
}

// Asked with the address that is about to be connected to: what a name resolved to before, or will
// resolve to later, does not matter.
curl_socket_t CurlHttp::open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
    auto& call = *static_cast<CurlHttp*>(self);
    if (call.public_only_ && !is_public_address(address->addr)) {
        call.forbidden_ = true;
        return CURL_SOCKET_BAD;
    }
    try {
        return call.sockets_.open(*address);
    } catch (...) {
        return CURL_SOCKET_BAD;
    }
}

// Called before each time the request is written, so also before libcurl repeats it because a kept
// connection died without an answer.
int CurlHttp::before_sending(void* self, char* peer, char* local, int peer_port,
                             int local_port) noexcept {
    auto& call = *static_cast<CurlHttp*>(self);
    if (!call.repeatable_ && call.sent_bytes() > 0 && !call.refused_stream()) {
        call.broke_ = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (LeaseClock::now() >= call.not_after_) {
        call.too_late_ = true;
        return CURL_PREREQFUNC_ABORT;
    }
    call.stream_ = 0;
    try {
        call.connection_ = call.sockets_.find({local, local_port}, {peer, peer_port});
    } catch (...) {
        return CURL_PREREQFUNC_ABORT;
    }
    call.stale_ = call.connection_ && call.connection_->closed_by_peer();
    return call.stale_ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

// A server that is about to close an HTTP/2 connection says up to which stream it looks at; what
// was sent beyond may be sent again. libcurl tells that, and which stream is whose, in no other way
// than these lines; where it words them otherwise, such a call is unknown.
int CurlHttp::watch(CURL*, curl_infotype type, char* text, size_t size, void* self) noexcept {
    if (type != CURLINFO_TEXT) {
        return 0;
    }
    auto& call = *static_cast<CurlHttp*>(self);
    const std::string_view line(text, size);
    if (const auto stream = number_behind(line, "Using Stream ID: ")) {
        call.stream_ = *stream;
    }
    // Of the connection, and told to whichever call reads from it.
    if (line.find("GOAWAY") != std::string_view::npos && call.connection_) {
        const auto last = number_behind(line, "last_stream=");
        call.connection_->last_stream =
            std::min(call.connection_->last_stream, last.value_or(UINT32_MAX));
    }
    return 0;
}

}  // namespace coupon
