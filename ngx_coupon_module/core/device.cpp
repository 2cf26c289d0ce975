#include "core/device.hpp"

#include <algorithm>
#include <array>

#include "core/lanes.hpp"

namespace coupon {

namespace {

constexpr size_t kLookedAtMaxBytes = 1024;
constexpr size_t kBlockBytes = 16;

enum Sign : unsigned { sign_bot = 1, sign_mobile = 2, sign_android = 4, sign_tablet = 8 };

/// Three or four lower-case letters that give a word away, and how far before the rare letter they
/// begin.
struct Mark {
    uint32_t letters = 0;
    uint32_t mask = 0;
    uint32_t before;
    Sign sign;

    consteval Mark(std::string_view text, uint32_t rare_at, Sign says)
        : before(rare_at), sign(says) {
        for (size_t at = 0; at < text.size(); ++at) {
            letters |= uint32_t{static_cast<unsigned char>(text[at])} << (8 * at);
            mask |= uint32_t{0xff} << (8 * at);
        }
    }
};

/// The signs of the first of the marks that stands around the rare letter at `rare`.
template <Mark... marks>
unsigned first_match(const char* rare) noexcept {
    unsigned signs = 0;
    static_cast<void>((((load<uint32_t>(rare - marks.before) & marks.mask) == marks.letters &&
                        (signs = marks.sign) != 0) ||
                       ...));
    return signs;
}

/// Few letters of a browser's User-Agent are b, d, h or w, and each word looked for has one.
unsigned match_at(const char* rare) noexcept {
    switch (*rare) {
        case 'b':
            return first_match<Mark("mobi", 2, sign_mobile), Mark("bot", 0, sign_bot),
                               Mark("tabl", 2, sign_tablet), Mark("face", 4, sign_bot)>(
                rare);  // facebookexternalhit
        case 'd':
            // Besides whole words: android, kindle, spider, headless, mediapartners.
            return first_match<Mark("ndro", 1, sign_android), Mark("ipad", 3, sign_tablet),
                               Mark("ipod", 3, sign_mobile), Mark("kind", 3, sign_tablet),
                               Mark("pide", 2, sign_bot), Mark("eadl", 2, sign_bot),
                               Mark("edia", 1, sign_bot)>(rare);
        case 'h':
            // A crawler's address or an HTTP library; iphone; lighthouse.
            return first_match<Mark("http", 0, sign_bot), Mark("ipho", 2, sign_mobile),
                               Mark("ghth", 1, sign_bot)>(rare);
        default:
            // crawler, link preview, libwww.
            return first_match<Mark("craw", 3, sign_bot), Mark("prev", 6, sign_bot),
                               Mark("libw", 3, sign_bot)>(rare);
    }
}

/// How libraries and tools begin that name no address and are not caught by a mark.
constexpr std::string_view kLibraryPrefixes[] = {
    "curl/",  "wget/",   "python",   "java/",  "ruby",    "php",   "perl", "axios/",
    "node",   "got ",    "undici",   "deno/",  "bun/",    "lua",   "go-",  "whatsapp/",
    "apache", "postman", "insomnia", "guzzle", "faraday", "scrapy"};

unsigned rare_letters(Bytes16 text) noexcept {
    return lane_bits(as_lanes(text == uint8_t{'b'}) | as_lanes(text == uint8_t{'d'}) |
                     as_lanes(text == uint8_t{'h'}) | as_lanes(text == uint8_t{'w'}));
}

bool is_library(std::string_view lower) noexcept {
    return std::any_of(std::begin(kLibraryPrefixes), std::end(kLibraryPrefixes),
                       [lower](std::string_view prefix) { return lower.starts_with(prefix); });
}

}  // namespace

Device classify_device(std::string_view user_agent) noexcept {
    if (user_agent.empty())
        return Device::desktop;
    // Padded on both sides, so that a mark may be compared wherever its rare letter stands. Setting
    // bit 5 makes letters lower case; what it makes of other bytes stands in no word.
    char padded[kBlockBytes + kLookedAtMaxBytes + kBlockBytes];
    std::array<uint16_t, kLookedAtMaxBytes / kBlockBytes> rare;
    char* lower = padded + kBlockBytes;
    size_t size = std::min(user_agent.size(), kLookedAtMaxBytes);
    store(padded, Bytes16{});

    size_t blocks = 0;
    auto take_block = [&](const char* from) {
        Bytes16 text = load<Bytes16>(from) | uint8_t{0x20};
        store(lower + blocks * kBlockBytes, text);
        rare[blocks++] = static_cast<uint16_t>(rare_letters(text));
    };
    while (blocks < size / kBlockBytes) {
        take_block(user_agent.data() + blocks * kBlockBytes);
    }
    if (size % kBlockBytes != 0) {
        char last[kBlockBytes] = {};
        copy_bytes(last, user_agent.data() + blocks * kBlockBytes, size % kBlockBytes);
        take_block(last);
    }
    store(lower + blocks * kBlockBytes, Bytes16{});

    unsigned signs = 0;
    for (size_t block = 0; block < blocks; ++block) {
        for (unsigned lanes = rare[block]; lanes != 0; lanes &= lanes - 1) {
            signs |= match_at(lower + block * kBlockBytes + std::countr_zero(lanes));
        }
    }
    std::string_view text(lower, size);
    if ((signs & sign_bot) != 0 || (!text.starts_with("mozilla/") && is_library(text)))
        return Device::bot;
    if ((signs & sign_tablet) != 0)
        return Device::tablet;
    if ((signs & sign_mobile) != 0)
        return Device::mobile;
    return (signs & sign_android) != 0 ? Device::tablet : Device::desktop;
}

namespace {

constexpr std::string_view kNames[] = {"desktop", "mobile", "tablet", "bot"};

}  // namespace

std::string_view device_name(Device device) noexcept {
    return kNames[static_cast<uint8_t>(device) & 3];
}

std::optional<Device> parse_device(std::string_view name) noexcept {
    for (uint8_t at = 0; at < std::size(kNames); ++at) {
        if (kNames[at] == name)
            return static_cast<Device>(at);
    }
    return std::nullopt;
}

}  // namespace coupon
