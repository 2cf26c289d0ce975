#include "core/redirect_path.hpp"

#include "core/decimal.hpp"
#include "core/lanes.hpp"

namespace coupon {

namespace {

constexpr std::string_view kPrefix = "/out/";
constexpr size_t kMerchantMaxBytes = 64;
constexpr size_t kUserMaxBytes = 19;
constexpr size_t kPathMinBytes = kPrefix.size() + 1 + 1 + kUuidTextBytes;
constexpr size_t kPathMaxBytes = kPathMinBytes - 1 + kMerchantMaxBytes + 1 + kUserMaxBytes;

/// Lanes that may not stand in a merchant's name, one bit each.
unsigned foreign_lanes(Bytes16 text) noexcept {
    Bytes16 letter = as_lanes(((text | uint8_t{0x20}) - uint8_t{'a'}) <= uint8_t{25});
    Bytes16 digit = as_lanes((text - uint8_t{'0'}) <= uint8_t{9});
    Bytes16 other = as_lanes(text == uint8_t{'-'}) | as_lanes(text == uint8_t{'_'});
    return lane_bits(~(letter | digit | other));
}

/// The first character from `at` on that is none of a merchant's, looking sixteen at a time as long
/// as a UUID still fits behind them.
const char* merchant_end(const char* at, const char* end) noexcept {
    while (end - at >= 16) {
        unsigned foreign = foreign_lanes(load<Bytes16>(at));
        if (foreign != 0)
            return at + std::countr_zero(foreign);
        at += 16;
    }
    return end;
}

/// Up to eight digits that end at `end`, with at least eight readable characters before it; -1 when
/// one is no digit.
int64_t short_user(const char* end, size_t digits) noexcept {
    constexpr uint64_t kOnes = 0x0101010101010101;
    uint64_t skipped_bits = 64 - 8 * digits;
    uint64_t value = (load<uint64_t>(end - 8) ^ kOnes * '0') >> skipped_bits << skipped_bits;
    // A byte above 9 reaches its high bit; one that is there already has it set.
    if (((value | (value + kOnes * 0x76)) & kOnes * 0x80) != 0)
        return -1;
    value = value * 10 + (value >> 8);
    constexpr uint64_t kPairs = 0x000000ff000000ff;
    return static_cast<int64_t>(
        ((value & kPairs) * 0x000f424000000064 + ((value >> 16) & kPairs) * 0x0000271000000001) >>
        32);
}

/// The user between `from` and `end`, which a whole UUID precedes; -1 when malformed.
int64_t parse_user(const char* from, const char* end) noexcept {
    auto digits = static_cast<size_t>(end - from);
    if (digits == 0 || *from == '0')
        return -1;
    return digits <= 8 ? short_user(end, digits) : parse_positive({from, digits}).value_or(-1);
}

}  // namespace

std::optional<RedirectPath> parse_redirect_path(std::string_view uri) noexcept {
    std::optional<RedirectPath> path;
    if (uri.size() < kPathMinBytes || uri.size() > kPathMaxBytes || !uri.starts_with(kPrefix)) {
        return path;
    }
    const char* merchant = uri.data() + kPrefix.size();
    const char* end = uri.data() + uri.size();
    const char* slash = merchant_end(merchant, end);
    auto merchant_bytes = static_cast<size_t>(slash - merchant);
    if (merchant_bytes == 0 || merchant_bytes > kMerchantMaxBytes ||
        end - slash < static_cast<ptrdiff_t>(1 + kUuidTextBytes) || *slash != '/') {
        return path;
    }
    const char* rest = slash + 1 + kUuidTextBytes;
    int64_t user = 0;
    if (rest != end) {
        user = *rest == '/' ? parse_user(rest + 1, end) : -1;
        if (user < 0) {
            return path;
        }
    }
    path.emplace();
    path->merchant = {merchant, merchant_bytes};
    path->user = static_cast<uint64_t>(user);
    if (!detail::read_uuid(slash + 1, path->offer)) {
        path.reset();
    }
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
