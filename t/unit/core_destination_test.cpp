#include "core/destination.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/destination_program.hpp"

namespace coupon {
namespace {

constexpr char kClickId[] = "01934971-927b-7898-afeb-6e96738fe9ca";

OfferSource offer(std::string affiliate_url) {
    OfferSource source;
    source.offer_id = 12345;
    source.merchant_id = 77;
    source.uuid = *parse_uuid("0190A6F2-1c3d-7abc-8def-0123456789ab");
    source.merchant_slug = "amazon-in";
    source.affiliate_id = "shop 21&co";
    source.affiliate_url = std::move(affiliate_url);
    return source;
}

MacroValues values() {
    return {kClickId, 987, Device::mobile, "IN", 1732104000};
}

std::string expanded(std::string_view program, const MacroValues& with) {
    // Exactly the promised room, so that a sanitizer sees a write beyond it.
    std::vector<char> room(expanded_max_bytes(program, with));
    return {room.data(), expand_destination(program, with, room.data())};
}

TEST(DestinationProgram, HoldsNoControlCharacter) {
    CompileResult compiled = compile_destination(offer("https://shop.test/aX?s={click_id}#b"));
    ASSERT_TRUE(valid_program(compiled.program));
    size_t at = compiled.program.find('X');
    for (char c : {'\0', '\n', '\r', '\x1f', '\x7f'}) {
        compiled.program[at] = c;
        EXPECT_FALSE(valid_program(compiled.program)) << int{c};
    }
}

std::string destination(const OfferSource& source) {
    CompileResult compiled = compile_destination(source);
    EXPECT_TRUE(compiled.ok) << compiled.reason;
    EXPECT_TRUE(valid_program(compiled.program));
    return expanded(compiled.program, values());
}

std::string destination(std::string url) {
    return destination(offer(std::move(url)));
}

std::string refusal(const OfferSource& source) {
    CompileResult compiled = compile_destination(source);
    EXPECT_FALSE(compiled.ok);
    EXPECT_TRUE(compiled.program.empty());
    return compiled.reason;
}

std::string refusal(std::string url) {
    return refusal(offer(std::move(url)));
}

TEST(Destination, PlainUrlStaysAsItIs) {
    EXPECT_EQ(destination("https://shop.example/p/1?a=b&c=%20#top"),
              "https://shop.example/p/1?a=b&c=%20#top");
}

TEST(Destination, EveryMacroIsFilledIn) {
    EXPECT_EQ(
        destination(
            "https://t.example/{affiliate_id}/{click_id}/{subid}/{user_id}/{offer_id}/{merchant}/"
            "{merchant_id}/{device}/{country}/{timestamp}"),
        "https://t.example/shop%2021%26co/01934971-927b-7898-afeb-6e96738fe9ca/"
        "01934971-927b-7898-afeb-6e96738fe9ca/987/0190a6f2-1c3d-7abc-8def-0123456789ab/amazon-in/"
        "77/mobile/IN/"
        "1732104000");
}

TEST(Destination, AbsentValuesAreEmpty) {
    CompileResult compiled =
        compile_destination(offer("https://t.example/?u={user_id}&c={country}."));
    MacroValues with = values();
    with.user = 0;
    with.country = {};
    EXPECT_EQ(expanded(compiled.program, with), "https://t.example/?u=&c=.");
}

TEST(Destination, CountryIsEncodedAndCut) {
    CompileResult compiled = compile_destination(offer("https://t.example/?c={country}"));
    MacroValues with = values();
    with.country = "\r\nSet-Cookie: \xe0&=#";
    EXPECT_EQ(expanded(compiled.program, with),
              "https://t.example/?c=%0D%0ASet-Cookie%3A%20%E0%26%3D%23");
    std::string longer(1000, '/');
    with.country = longer;
    EXPECT_EQ(expanded(compiled.program, with).size(), 21 + 3 * kCountryMaxBytes);
}

TEST(Destination, ExtremeNumbersFit) {
    CompileResult compiled = compile_destination(offer("https://t.example/?{user_id}{timestamp}"));
    MacroValues with = values();
    with.user = UINT64_MAX;
    with.now_s = INT64_MIN;
    EXPECT_EQ(expanded(compiled.program, with),
              "https://t.example/?18446744073709551615-9223372036854775808");
}

TEST(Destination, OffersOwnUrlComesFirst) {
    OfferSource source = offer("https://own.example/");
    source.tracking_url_template = "https://network.example/?aff={affiliate_id}";
    EXPECT_EQ(destination(source), "https://own.example/");
    source.affiliate_url = "  ";
    EXPECT_EQ(destination(source), "https://network.example/?aff=shop%2021%26co");
    source.tracking_url_template.clear();
    EXPECT_EQ(refusal(source), "offer has no destination");
}

TEST(Destination, ClickIdIsAppendedWhereNoMacroCarriesIt) {
    const std::pair<const char*, const char*> urls[] = {
        {"https://s.example", "https://s.example/?sub=ID"},
        {"https://s.example/", "https://s.example/?sub=ID"},
        {"https://s.example/p", "https://s.example/p?sub=ID"},
        {"https://s.example/p?", "https://s.example/p?sub=ID"},
        {"https://s.example?a=b", "https://s.example/?a=b&sub=ID"},
        {"https://s.example/p?a=b", "https://s.example/p?a=b&sub=ID"},
        {"https://s.example/p?a=b&", "https://s.example/p?a=b&sub=ID"},
        {"https://s.example/p#top", "https://s.example/p?sub=ID#top"},
        {"https://s.example#top", "https://s.example/?sub=ID#top"},
        {"https://s.example/p?a=b#x?y", "https://s.example/p?a=b&sub=ID#x?y"},
        {"https://s.example/p?u={user_id}", "https://s.example/p?u=987&sub=ID"},
        // A fragment never reaches the merchant's server.
        {"https://s.example/#/p?c={click_id}", "https://s.example/?sub=ID#/p?c=ID"},
        {"https://s.example/?c={click_id}", "https://s.example/?c=ID"},
        {"https://s.example/{subid}/p", "https://s.example/ID/p"},
    };
    for (auto [url, expected] : urls) {
        OfferSource source = offer(url);
        source.subid_param = "sub";
        std::string whole = expected;
        for (size_t at = whole.find("ID"); at != std::string::npos; at = whole.find("ID")) {
            whole.replace(at, 2, kClickId);
        }
        EXPECT_EQ(destination(source), whole) << url;
    }
    OfferSource odd = offer("https://s.example/");
    odd.subid_param = "a b&c";
    EXPECT_EQ(destination(odd), std::string("https://s.example/?a%20b%26c=") + kClickId);
}

TEST(Destination, HostAndSchemeAreLowerCase) {
    EXPECT_EQ(destination("HTTPS://Shop.Example.:8443/Path"), "https://shop.example:8443/Path");
    EXPECT_EQ(destination("http://[2001:DB8::1]:80/"), "http://[2001:db8::1]:80/");
    EXPECT_EQ(destination("http://under_score.example:/"), "http://under_score.example/");
}

TEST(Destination, RefusesWhatIsNoWebAddress) {
    for (const char* url :
         {"javascript:alert(1)", "ftp://s.example/", "//s.example/", "/p", "s.example",
          "https:s.example", "https:/s.example", "data:text/html,x", "httpss://s.example", "http",
          "://s.example", "ht tp://s.example/", "/?x=http://s.example/"}) {
        EXPECT_EQ(refusal(url), "destination is not an absolute http or https url") << url;
    }
}

TEST(Destination, RefusesMacrosThatDecideWhereToGo) {
    for (const char* url :
         {"{merchant}://s.example/", "https://{merchant}.example/", "https://{merchant}/",
          "https://s.example:{merchant_id}/", "https://s.example{country}/", "{click_id}",
          "https://{country", "http{merchant}://s.example/"}) {
        EXPECT_EQ(refusal(url), "macro in scheme, host or port") << url;
    }
}

TEST(Destination, RefusesAmbiguousAuthorities) {
    EXPECT_EQ(refusal("https://good.example@evil.example/"), "user information in the url");
    EXPECT_EQ(refusal("https://a:b@evil.example/"), "user information in the url");
    for (const char* url :
         {"https:///p", "https://", "https://?x", "https://.", "https://.example/",
          "https://a..example/", "https://s.example../", "https://s%2eexample/",
          "https://s example/", "https://]/", "https://[]/", "https://[zz]/", "https://[::1]x/",
          "https://b\xc3\xbc"
          "cher.example/",
          "https://s,example/", "https://s.example;x/", "https://[127.0.0.1]/"}) {
        EXPECT_EQ(refusal(url), "malformed host") << url;
    }
    for (const char* url : {"https://s.example:0/", "https://s.example:65536/",
                            "https://s.example:x/", "https://s.example:80:80/",
                            "https://s.example:-1/", "https://s.example:080/", "https://[::1/"}) {
        EXPECT_EQ(refusal(url), "malformed port") << url;
    }
    EXPECT_EQ(refusal("https://" + std::string(64, 'a') + ".example/"), "malformed host");
}

TEST(Destination, RefusesBytesThatBreakHeadersOrHosts) {
    EXPECT_EQ(refusal("https://s.example/\r\nSet-Cookie: x=1"), "control character in the url");
    EXPECT_EQ(refusal(std::string("https://s.example/\0x", 20)), "control character in the url");
    EXPECT_EQ(refusal("https://s.example/\x7f"), "control character in the url");
    EXPECT_EQ(refusal("https://good.example\\@evil.example/"), "backslash in the url");
    EXPECT_EQ(refusal("https://s.example/a\\b"), "backslash in the url");
}

TEST(Destination, EncodesWhatAUrlMayNotHold) {
    EXPECT_EQ(destination(" https://s.example/a b/\xe0\xa4\xb9?q=\"<>^`| "),
              "https://s.example/a%20b/%E0%A4%B9?q=%22%3C%3E%5E%60%7C");
}

TEST(Destination, RefusesUnknownAndBrokenMacros) {
    EXPECT_EQ(refusal("https://s.example/{nonsense}"), "unknown macro {nonsense}");
    EXPECT_EQ(refusal("https://s.example/{}"), "unknown macro {}");
    EXPECT_EQ(refusal("https://s.example/{CLICK_ID}"), "unknown macro {CLICK_ID}");
    EXPECT_EQ(refusal("https://s.example/{{click_id}}"), "unknown macro {{click_id}");
    EXPECT_EQ(refusal("https://s.example/{click_id"), "unclosed macro");
    EXPECT_EQ(refusal("https://s.example/#{click_id"), "unclosed macro");
    EXPECT_EQ(refusal("https://s.example/click_id}"), "closing brace without a macro");
}

TEST(Destination, HostMustBeAllowedWhereTheMerchantListsAny) {
    OfferSource source = offer("https://Shop.Example/p");
    source.allowed_hosts = {"other.example", " SHOP.example. "};
    EXPECT_EQ(destination(source), "https://shop.example/p");
    source.allowed_hosts = {"other.example", "example", "www.shop.example"};
    EXPECT_EQ(refusal(source), "host shop.example is not among the merchant's allowed hosts");
    source.affiliate_url = "https://shop.example.evil.example/";
    source.allowed_hosts = {"shop.example"};
    EXPECT_EQ(refusal(source),
              "host shop.example.evil.example is not among the merchant's allowed hosts");
}

TEST(Destination, LimitsAreAtNAndNPlusOne) {
    std::string base = "https://s.example/";
    EXPECT_EQ(destination(base + std::string(4096 - base.size(), 'x')).size(), 4096u);
    EXPECT_EQ(refusal(base + std::string(4097 - base.size(), 'x')),
              "destination is longer than 4096 bytes");
    std::string macros;
    for (int count = 0; count < 32; ++count)
        macros += "{user_id}";
    EXPECT_EQ(destination(base + macros).size(), base.size() + 32 * 3);
    EXPECT_EQ(refusal(base + macros + "{user_id}"), "more than 32 macros");
    OfferSource subid = offer(base + macros);
    subid.subid_param = "s";
    EXPECT_EQ(refusal(subid), "more than 32 macros");
    OfferSource wide = offer(base + "{affiliate_id}");
    wide.affiliate_id = std::string(kProgramMaxBytes - 5 - base.size(), 'x');
    EXPECT_EQ(compile_destination(wide).program.size(), kProgramMaxBytes);
    EXPECT_EQ(destination(wide).size(), kProgramMaxBytes - 5);
    wide.affiliate_id += 'x';
    EXPECT_EQ(refusal(wide), "destination is too long");
    wide.affiliate_id = std::string(1000000, '&');
    EXPECT_EQ(refusal(wide), "destination is too long");
}

TEST(Destination, NamesTheMacrosOfARedirect) {
    CompileResult compiled = compile_destination(
        offer("https://s.example/"
              "{merchant}?{subid}&{click_id}&{timestamp}&{device}&{country}&{user_id}"));
    EXPECT_EQ(program_macros(compiled.program),
              (std::vector<std::string>{"click_id", "timestamp", "device", "country", "user_id"}));
    EXPECT_TRUE(program_macros("garbage").empty());
}

TEST(Destination, DamagedProgramsAreRefused) {
    std::string program =
        compile_destination(offer("https://s.example/?c={click_id}&u={user_id}#x")).program;
    EXPECT_FALSE(valid_program(""));
    EXPECT_FALSE(valid_program(program + "x"));
    EXPECT_FALSE(valid_program(std::string(kProgramMaxBytes + 1, '\x01')));
    for (size_t size = 0; size < program.size(); ++size) {
        std::vector<char> exact(program.begin(), program.begin() + static_cast<ptrdiff_t>(size));
        std::string_view cut(exact.data(), exact.size());
        EXPECT_FALSE(valid_program(cut)) << size;
        EXPECT_EQ(expanded(cut, values()), "") << size;
    }
}

TEST(Destination, RandomlyDamagedProgramsStayInTheirRoom) {
    std::mt19937 random(11);
    std::string program =
        compile_destination(
            offer(
                "https://s.example/{device}?c={click_id}&u={user_id}&k={country}&t={timestamp}#x"))
            .program;
    MacroValues with = values();
    with.country = "Saint Vincent & the Grenadines / everything";
    for (int round = 0; round < 100000; ++round) {
        std::string damaged = program;
        for (unsigned change = 0; change < 1 + random() % 3; ++change) {
            damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        std::vector<char> exact(damaged.begin(), damaged.end());
        std::string_view view(exact.data(), exact.size());
        std::string url = expanded(view, with);
        bool control = std::any_of(url.begin(), url.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        });
        ASSERT_EQ(!url.empty() && !control, valid_program(view));
    }
}

}  // namespace
}  // namespace coupon
