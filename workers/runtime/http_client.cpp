#include "runtime/http_client.hpp"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <new>

#include "runtime/public_address.hpp"

namespace coupon {
namespace {

constexpr std::size_t answer_headers_max_bytes = 64 * 1024;

struct SlistDeleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, SlistDeleter>;

struct UrlDeleter {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

struct Target {
    std::string host;
    std::string why_not;  // empty where it may be called
};

// What the callbacks of one transfer see.
struct Transfer {
    HttpAnswer& answer;
    std::size_t body_max;
    bool public_only;
    std::size_t header_bytes = 0;
    bool too_long = false;
    bool forbidden = false;
};

std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) {
        return {};
    }
    std::string copy = text;
    curl_free(text);
    return copy;
}

Target target_of(const HttpRequest& request) {
    const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
    if (!url || request.url.find('\0') != std::string::npos ||
        curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(), 0) != CURLUE_OK) {
        return {"", "the URL is malformed"};
    }
    Target target{url_part(url.get(), CURLUPART_HOST), ""};
    if (request.reach == HttpReach::trusted) {
        return target;
    }
    if (url_part(url.get(), CURLUPART_SCHEME) != "https") {
        target.why_not = "only https may be called";
    } else if (url_part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT) != "443") {
        target.why_not = "only port 443 may be called";
    } else if (!url_part(url.get(), CURLUPART_USER).empty()) {
        target.why_not = "the URL names a user";
    }
    return target;
}

bool has_line_end(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool same_word(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

HeaderList header_list(const HttpRequest& request) {
    curl_slist* list = nullptr;
    const auto add = [&list](const std::string& line) {
        curl_slist* longer = curl_slist_append(list, line.c_str());
        if (longer == nullptr) {
            curl_slist_free_all(list);
            throw std::bad_alloc();
        }
        list = longer;
    };
    bool typed = false;
    for (const auto& [name, value] : request.headers) {
        typed = typed || same_word(name, "content-type");
        // libcurl's way to send a header without a value.
        add(value.empty() ? name + ";" : name + ": " + value);
    }
    add("Expect:");
    if (!typed) {
        add("Content-Type:");
    }
    return HeaderList(list);
}

size_t take_body(char* data, size_t size, size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const size_t bytes = size * count;
    if (bytes > transfer.body_max - transfer.answer.body.size()) {
        transfer.too_long = true;
        return 0;
    }
    transfer.answer.body.append(data, bytes);
    return bytes;
}

size_t take_header(char* data, size_t size, size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const size_t bytes = size * count;
    transfer.header_bytes += bytes;
    if (transfer.header_bytes > answer_headers_max_bytes) {
        transfer.too_long = true;
        return 0;
    }
    std::string_view line(data, bytes);
    if (line.starts_with("HTTP/")) {  // also after an interim answer
        transfer.answer.headers.clear();
        return bytes;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
        return bytes;
    }
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    auto value = line.substr(colon + 1);
    const auto first = value.find_first_not_of(" \t\r\n");
    value = first == std::string_view::npos
                ? std::string_view{}
                : value.substr(first, value.find_last_not_of(" \t\r\n") - first + 1);
    transfer.answer.headers.emplace_back(std::move(name), value);
    return bytes;
}

// Asked with the address that is about to be connected to: what a name resolved to before, or will
// resolve to later, does not matter.
curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (transfer.public_only && !is_public_address(address->addr)) {
        transfer.forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void initialise_libcurl() {
    static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (done != CURLE_OK) {
        throw std::runtime_error("libcurl cannot be initialised");
    }
}

template <typename Value>
void set(CURL* curl, CURLoption option, Value value) {
    if (const auto code = curl_easy_setopt(curl, option, value); code != CURLE_OK) {
        throw std::runtime_error(std::string("libcurl: ") + curl_easy_strerror(code));
    }
}

void set_method(CURL* curl, const HttpRequest& request) {
    if (request.method == "HEAD") {
        set(curl, CURLOPT_NOBODY, 1L);
        return;
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
        request.method == "PATCH") {
        set(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(curl, CURLOPT_POSTFIELDS, request.body.data());
    }
    set(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

}  // namespace

struct HttpClient::Handle {
    Handle() : curl(curl_easy_init()) {
        if (curl == nullptr) {
            throw std::bad_alloc();
        }
    }
    ~Handle() { curl_easy_cleanup(curl); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    CURL* curl;
};

HttpClient::HttpClient() {
    initialise_libcurl();
    handle_ = std::make_unique<Handle>();
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

HttpAnswer HttpClient::send(const HttpRequest& request) {
    HttpAnswer answer;
    const auto target = target_of(request);
    const auto refuse = [&answer, &target](const std::string& why) {
        answer.error = target.host.empty() ? why : target.host + ": " + why;
        return answer;
    };
    if (!target.why_not.empty()) {
        return refuse(target.why_not);
    }
    const auto bad_header = [](const auto& header) {
        return has_line_end(header.first) || has_line_end(header.second);
    };
    if (has_line_end(request.method) ||
        std::any_of(request.headers.begin(), request.headers.end(), bad_header)) {
        return refuse("a header holds a line end");
    }

    CURL* curl = handle_->curl;
    curl_easy_reset(curl);  // keeps the connections
    const bool public_only = request.reach == HttpReach::public_https;
    Transfer transfer{answer, request.answer_max_bytes, public_only};
    const auto headers = header_list(request);
    set(curl, CURLOPT_URL, request.url.c_str());
    set(curl, CURLOPT_PROTOCOLS_STR, public_only ? "https" : "http,https");
    set(curl, CURLOPT_FOLLOWLOCATION, 0L);
    set(curl, CURLOPT_PROXY, "");
    set(curl, CURLOPT_NOSIGNAL, 1L);
    set(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    set(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    set(curl, CURLOPT_USERAGENT, "coupon-worker/" COUPON_VERSION);
    set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
    set(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    set(curl, CURLOPT_HTTPHEADER, headers.get());
    set(curl, CURLOPT_WRITEFUNCTION, take_body);
    set(curl, CURLOPT_WRITEDATA, &transfer);
    set(curl, CURLOPT_HEADERFUNCTION, take_header);
    set(curl, CURLOPT_HEADERDATA, &transfer);
    set(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    set(curl, CURLOPT_OPENSOCKETDATA, &transfer);
    // A kept connection was checked under another rule, or none.
    set(curl, CURLOPT_FRESH_CONNECT, public_only ? 1L : 0L);
    set(curl, CURLOPT_FORBID_REUSE, public_only ? 1L : 0L);
    if (!request.user.empty()) {
        set(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
        set(curl, CURLOPT_USERNAME, request.user.c_str());
        set(curl, CURLOPT_PASSWORD, request.password.c_str());
    }
    set_method(curl, request);

    const auto code = curl_easy_perform(curl);
    if (code == CURLE_OK) {
        long status = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        answer.status = static_cast<int>(status);
        answer.outcome = HttpAnswer::Outcome::answered;
        return answer;
    }
    // Not a byte of the request left: it certainly did not happen.
    long sent = 0;
    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
    answer.outcome = sent == 0 ? HttpAnswer::Outcome::failed : HttpAnswer::Outcome::unknown;
    answer.headers.clear();
    answer.body.clear();
    if (transfer.forbidden) {
        return refuse("its address is not a public one");
    }
    return refuse(transfer.too_long ? "the answer is too long" : curl_easy_strerror(code));
}

std::optional<std::string> HttpAnswer::header(const std::string& lower_case_name) const {
    for (const auto& [name, value] : headers) {
        if (name == lower_case_name) {
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace coupon
