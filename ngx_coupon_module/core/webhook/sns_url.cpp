// Which URLs of an SNS message may be called: the sender of a forged one would choose our target.
#include <algorithm>

#include "core/webhook/sns.hpp"

namespace coupon {

namespace {

constexpr std::string_view kStart = "https://sns.";
constexpr std::string_view kHostEnds[] = {".amazonaws.com", ".amazonaws.com.cn"};
constexpr size_t kRegionMinBytes = 3;
constexpr size_t kUrlMaxBytes = 2048;

bool is_letter_or_digit(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_region(std::string_view text) noexcept {
    return text.size() >= kRegionMinBytes &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_host_after_sns(std::string_view host) noexcept {
    for (std::string_view end : kHostEnds) {
        if (host.ends_with(end) && is_region(host.substr(0, host.size() - end.size())))
            return true;
    }
    return false;
}

bool is_plain_path(std::string_view path) noexcept {
    return path.find("..") == std::string_view::npos &&
           std::all_of(path.begin(), path.end(), [](char c) {
               return is_letter_or_digit(c) || c == '/' || c == '-' || c == '_' || c == '.';
           });
}

std::string_view path_of(std::string_view url) noexcept {
    size_t slash = url.find('/', kStart.size());
    return slash == std::string_view::npos ? std::string_view{} : url.substr(slash);
}

}  // namespace

bool is_sns_url(std::string_view url) noexcept {
    if (url.size() > kUrlMaxBytes || !url.starts_with(kStart))
        return false;
    bool printable =
        std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    std::string_view host = url.substr(kStart.size());
    return printable && is_host_after_sns(host.substr(0, host.find('/'))) && !path_of(url).empty();
}

bool is_sns_certificate_url(std::string_view url) noexcept {
    if (!is_sns_url(url))
        return false;
    std::string_view path = path_of(url);
    return path.ends_with(".pem") && is_plain_path(path);
}

}  // namespace coupon
