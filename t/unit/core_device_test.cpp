#include "core/device.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace coupon {
namespace {

struct Named {
    const char* user_agent;
    Device device;
};

constexpr Named kNamed[] = {
    {"", Device::desktop},
    {"something nobody knows", Device::desktop},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/124.0.0.0 Safari/537.36",
     Device::desktop},
    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/17.4 Safari/605.1.15",
     Device::desktop},
    {"Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0", Device::desktop},
    {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/124.0.0.0 Safari/537.36",
     Device::desktop},
    {"Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18", Device::desktop},
    {"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
     "Mobile Safari/537.36",
     Device::mobile},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
     "Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
     Device::mobile},
    {"Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0", Device::mobile},
    {"Mozilla/5.0 (Linux; Android 13; SM-A536E; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Version/4.0 Chrome/124.0 Mobile Safari/537.36 Instagram 330.0",
     Device::mobile},
    {"Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052; U; en) Presto/2.8.119 Version/11.10 Mobi",
     Device::mobile},
    {"CouponShop/3.1 (iPhone; iOS 17.4; Scale/3.00)", Device::mobile},
    {"Mozilla/5.0 (iPod touch; CPU OS 12_0 like Mac OS X)", Device::mobile},
    {"Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/17.4 Mobile/15E148 Safari/604.1",
     Device::tablet},
    {"Mozilla/5.0 (Linux; Android 13; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/124.0.0.0 Safari/537.36",
     Device::tablet},
    {"Mozilla/5.0 (Android 14; Tablet; rv:125.0) Gecko/125.0 Firefox/125.0", Device::tablet},
    {"Mozilla/5.0 (X11; U; Linux armv7l like Android; en-us) AppleWebKit/531.2+ (KHTML, like "
     "Gecko) Version/5.0 Safari/533.2+ Kindle/3.0+",
     Device::tablet},
    {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Device::bot},
    {"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/124.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1)",
     Device::bot},
    {"Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
     Device::bot},
    {"Mozilla/5.0 (compatible; Baiduspider/2.0)", Device::bot},
    {"Mozilla/5.0 (compatible; SomeCrawler)", Device::bot},
    {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
     "HeadlessChrome/124.0.0.0 Safari/537.36",
     Device::bot},
    {"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 "
     "Safari/537.36 Google Web Preview",
     Device::bot},
    {"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
     Device::bot},
    {"Mozilla/5.0 (Linux; Android 11) AppleWebKit/537.36 Chrome/124.0 Mobile Safari/537.36 "
     "Chrome-Lighthouse",
     Device::bot},
    {"Mediapartners-Google", Device::bot},
    {"facebookexternalhit/1.1", Device::bot},
    {"WhatsApp/2.23.20.0", Device::bot},
    {"TelegramBot (like TwitterBot)", Device::bot},
    {"Slackbot-LinkExpanding 1.0", Device::bot},
    {"curl/7.88.1", Device::bot},
    {"Wget/1.21.3", Device::bot},
    {"python-requests/2.31.0", Device::bot},
    {"Python/3.11 aiohttp/3.9.1", Device::bot},
    {"Go-http-client/2.0", Device::bot},
    {"okhttp/4.12.0", Device::bot},
    {"Apache-HttpClient/4.5.14 (Java/17.0.9)", Device::bot},
    {"Java/17.0.9", Device::bot},
    {"axios/1.6.8", Device::bot},
    {"node-fetch/1.0", Device::bot},
    {"libwww-perl/6.67", Device::bot},
    {"Scrapy/2.11.1 (+https://scrapy.org)", Device::bot},
    {"PostmanRuntime/7.37.3", Device::bot},
    {"Ruby", Device::bot},
    {"bot", Device::bot},
    {"BOT", Device::bot},
};

TEST(Device, ClassifiesKnownUserAgents) {
    for (const Named& named : kNamed) {
        EXPECT_EQ(classify_device(named.user_agent), named.device) << named.user_agent;
    }
}

TEST(Device, FindsAWordAtEveryPlace) {
    for (size_t before = 0; before < 70; ++before) {
        for (size_t after = 0; after < 20; ++after) {
            std::string text =
                "Mozilla/" + std::string(before, ' ') + "Googlebot" + std::string(after, '.');
            std::vector<char> exact(text.begin(), text.end());
            ASSERT_EQ(classify_device({exact.data(), exact.size()}), Device::bot)
                << before << ' ' << after;
        }
    }
}

TEST(Device, LooksAtTheFirstKibibyte) {
    EXPECT_EQ(classify_device(std::string(1021, 'x') + "bot"), Device::bot);
    EXPECT_EQ(classify_device(std::string(1024, 'x') + "bot"), Device::desktop);
    EXPECT_EQ(classify_device(std::string(16000, 'b')), Device::desktop);
    EXPECT_EQ(classify_device(std::string(1024, 'd')), Device::desktop);
    EXPECT_EQ(classify_device(std::string(1023, 'w')), Device::desktop);
}

TEST(Device, AnyBytesAreSafe) {
    for (unsigned value = 0; value < 256; ++value) {
        for (size_t size = 1; size < 40; ++size) {
            std::vector<char> text(size, static_cast<char>(value));
            EXPECT_EQ(classify_device({text.data(), text.size()}), Device::desktop);
        }
    }
}

TEST(Device, NamesReturn) {
    for (Device device : {Device::desktop, Device::mobile, Device::tablet, Device::bot}) {
        EXPECT_EQ(parse_device(device_name(device)), device);
    }
    EXPECT_EQ(device_name(Device::tablet), "tablet");
    EXPECT_FALSE(parse_device("phone"));
    EXPECT_FALSE(parse_device(""));
}

}  // namespace
}  // namespace coupon
