#include "core/device.hpp"

#include <algorithm>

#include "core/bytes.hpp"

namespace coupon {

namespace {

constexpr size_t kLookedAtMaxBytes = 1024;
constexpr size_t kBlockBytes = 16;

enum Sign : unsigned { sign_bot = 1, sign_mobile = 2, sign_android = 4, sign_tablet = 8 };

/// Up to four lower-case letters that give a word away, and how many of them stand before the rare
/// letter.
struct Mark {
    uint32_t letters;
    uint32_t mask;
    uint8_t before;
    Sign sign;
};

consteval Mark mark(std::string_view letters, char rare, Sign sign, uint8_t ahead = 0) {
    Mark made{0, 0, 0, sign};
    for (size_t at = 0; at < letters.size(); ++at) {
        made.letters |= static_cast<uint32_t>(static_cast<unsigned char>(letters[at])) << (8 * at);
        made.mask |= uint32_t{0xff} << (8 * at);
    }
    // `ahead`: the rare letter stands that far behind the last of the letters.
    made.before =
        static_cast<uint8_t>(ahead != 0 ? letters.size() - 1 + ahead : letters.find(rare));
    return made;
}

// Few letters of a browser's User-Agent are b, d, h or w, and each word looked for has one of them.
constexpr Mark kMarksB[] = {
    mark("bot", 'b', sign_bot), mark("mobi", 'b', sign_mobile), mark("tabl", 'b', sign_tablet),
    mark("face", 'b', sign_bot, 1),  // facebookexternalhit
};
constexpr Mark kMarksD[] = {
    mark("ndro", 'd', sign_android), mark("ipad", 'd', sign_tablet), mark("kind", 'd', sign_tablet),
    mark("ipod", 'd', sign_mobile),  mark("pide", 'd', sign_bot),  // spider
    mark("eadl", 'd', sign_bot),                                   // headless
    mark("edia", 'd', sign_bot),                                   // mediapartners
};
constexpr Mark kMarksH[] = {
    mark("http", 'h', sign_bot),  // the address of a crawler, or an HTTP library
    mark("ipho", 'h', sign_mobile), mark("ghth", 'h', sign_bot),  // lighthouse
};
constexpr Mark kMarksW[] = {
    mark("craw", 'w', sign_bot),
    mark("prev", 'w', sign_bot, 3),  // preview
    mark("libw", 'w', sign_bot),
};

/// How libraries and tools begin that name no address and are not caught by a mark.
constexpr std::string_view kLibraryPrefixes[] = {
    "curl/",  "wget/",   "python",   "java/",  "ruby",    "php",   "perl", "axios/",
    "node",   "got ",    "undici",   "deno/",  "bun/",    "lua",   "go-",  "whatsapp/",
    "apache", "postman", "insomnia", "guzzle", "faraday", "scrapy"};

template <size_t N>
unsigned match(const Mark (&marks)[N], const char* rare) noexcept {
    unsigned signs = 0;
    for (const Mark& word : marks) {
        if ((load<uint32_t>(rare - word.before) & word.mask) == word.letters)
            signs |= word.sign;
    }
    return signs;
}

unsigned match_at(const char* rare) noexcept {
    switch (*rare) {
        case 'b':
            return match(kMarksB, rare);
        case 'd':
            return match(kMarksD, rare);
        case 'h':
            return match(kMarksH, rare);
        default:
            return match(kMarksW, rare);
    }
}

unsigned rare_lanes(Bytes16 text) noexcept {
    auto lanes = reinterpret_cast<Bytes16>(text == uint8_t{'b'}) |
                 reinterpret_cast<Bytes16>(text == uint8_t{'d'}) |
                 reinterpret_cast<Bytes16>(text == uint8_t{'h'}) |
                 reinterpret_cast<Bytes16>(text == uint8_t{'w'});
#if defined(__SSE2__)
    using Chars16 = char __attribute__((vector_size(16)));
    return static_cast<unsigned>(__builtin_ia32_pmovmskb128(reinterpret_cast<Chars16>(lanes)));
#else
    unsigned mask = 0;
    for (unsigned lane = 0; lane < kBlockBytes; ++lane)
        mask |= (lanes[lane] & 1u) << lane;
    return mask;
#endif
}

bool is_library(std::string_view lower) noexcept {
    return std::any_of(std::begin(kLibraryPrefixes), std::end(kLibraryPrefixes),
                       [lower](std::string_view prefix) { return lower.starts_with(prefix); });
}

}  // namespace

Device classify_device(std::string_view user_agent) noexcept {
    if (user_agent.empty())
        return Device::desktop;
    // Padded on both sides, so that a mark may be compared wherever its rare letter stands.
    char padded[kBlockBytes + kLookedAtMaxBytes + 2 * kBlockBytes];
    char* lower = padded + kBlockBytes;
    size_t size = std::min(user_agent.size(), kLookedAtMaxBytes);
    store(padded, Bytes16{});
    store(copy_bytes(lower, user_agent.data(), size), Bytes16{});
    store(lower + size + kBlockBytes, uint32_t{0});

    // Setting bit 5 makes letters lower case; what it makes of other bytes only matters inside a
    // word.
    for (size_t at = 0; at < size; at += kBlockBytes) {
        store(lower + at, load<Bytes16>(lower + at) | uint8_t{0x20});
    }
    unsigned signs = 0;
    for (size_t at = 0; at < size; at += kBlockBytes) {
        for (unsigned lanes = rare_lanes(load<Bytes16>(lower + at)); lanes != 0;
             lanes &= lanes - 1) {
            signs |= match_at(lower + at + static_cast<unsigned>(std::countr_zero(lanes)));
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
