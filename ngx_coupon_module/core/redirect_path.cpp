#include "core/redirect_path.hpp"

#include <array>

#include "core/decimal.hpp"

namespace coupon {

namespace {

constexpr std::string_view kPrefix = "/out/";
constexpr size_t kMerchantMaxBytes = 64;
constexpr size_t kUserMaxBytes = 19;
constexpr size_t kPathMinBytes = kPrefix.size() + 1 + 1 + kUuidTextBytes;
constexpr size_t kPathMaxBytes = kPathMinBytes - 1 + kMerchantMaxBytes + 1 + kUserMaxBytes;

constexpr std::array<bool, 256> kMerchantChars = [] {
    std::array<bool, 256> allowed{};
    for (int c = '0'; c <= '9'; ++c)
        allowed[static_cast<size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c)
        allowed[static_cast<size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c)
        allowed[static_cast<size_t>(c)] = true;
    allowed['_'] = allowed['-'] = true;
    return allowed;
}();

}  // namespace

std::optional<RedirectPath> parse_redirect_path(std::string_view uri) noexcept {
    if (uri.size() < kPathMinBytes || uri.size() > kPathMaxBytes || !uri.starts_with(kPrefix))
        return std::nullopt;
    const char* merchant = uri.data() + kPrefix.size();
    const char* end = uri.data() + uri.size();
    const char* at = merchant;
    while (at < end && kMerchantChars[static_cast<unsigned char>(*at)])
        ++at;
    auto length = static_cast<size_t>(at - merchant);
    if (length == 0 || length > kMerchantMaxBytes)
        return std::nullopt;
    if (end - at < static_cast<ptrdiff_t>(1 + kUuidTextBytes) || *at != '/')
        return std::nullopt;

    std::optional<RedirectPath> path(std::in_place);
    path->merchant = {merchant, length};
    if (!detail::read_uuid(++at, path->offer))
        return std::nullopt;
    at += kUuidTextBytes;
    if (at == end)
        return path;
    if (*at != '/')
        return std::nullopt;
    auto user = parse_positive({at + 1, static_cast<size_t>(end - at - 1)});
    if (!user)
        return std::nullopt;
    path->user = static_cast<uint64_t>(*user);
    return path;
}

RedirectArgs parse_redirect_args(std::string_view query) noexcept {
    RedirectArgs args;
    while (!query.empty()) {
        size_t end = query.find('&');
        std::string_view pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
        if (pair.size() < 3 || pair[1] != '=')
            continue;
        std::string_view* known = pair[0] == 'c'   ? &args.c
                                  : pair[0] == 'e' ? &args.e
                                  : pair[0] == 's' ? &args.s
                                                   : nullptr;
        if (known != nullptr && known->empty())
            *known = pair.substr(2);
    }
    return args;
}

}  // namespace coupon
