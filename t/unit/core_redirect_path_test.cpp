#include "core/redirect_path.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

const std::string kOffer = "0190a6f2-1c3d-7abc-8def-0123456789ab";

TEST(RedirectPath, ReadsMerchantAndOffer) {
    std::string uri = "/out/amazon-in/" + kOffer;
    auto path = parse_redirect_path(uri);
    ASSERT_TRUE(path);
    EXPECT_EQ(path->merchant, "amazon-in");
    EXPECT_EQ(to_string(path->offer), kOffer);
    EXPECT_EQ(path->user, 0u);
}

TEST(RedirectPath, ReadsTheOfferInAnyCase) {
    auto path = parse_redirect_path("/out/m/0190A6F2-1C3D-7ABC-8DEF-0123456789AB");
    ASSERT_TRUE(path);
    EXPECT_EQ(to_string(path->offer), kOffer);
}

TEST(RedirectPath, ReadsUsersOfEveryLength) {
    std::string digits;
    for (char c : std::string("9223372036854775807")) {
        digits += c;
        auto path = parse_redirect_path("/out/m/" + kOffer + "/" + digits);
        ASSERT_TRUE(path) << digits;
        EXPECT_EQ(std::to_string(path->user), digits);
    }
    EXPECT_EQ(parse_redirect_path("/out/m/" + kOffer + "/1")->user, 1u);
    EXPECT_EQ(parse_redirect_path("/out/m/" + kOffer + "/99999999")->user, 99999999u);
    EXPECT_EQ(parse_redirect_path("/out/m/" + kOffer + "/100000000")->user, 100000000u);
}

TEST(RedirectPath, RefusesMalformedUsers) {
    for (const char* user : {"",
                             "0",
                             "01",
                             "-1",
                             "+1",
                             "1a",
                             "a",
                             "1/",
                             "1/2",
                             "/",
                             " 1",
                             "1 ",
                             "1.0",
                             "0x1",
                             "1234567:",
                             "/2345678",
                             "9223372036854775808",
                             "9999999999999999999",
                             "18446744073709551617",
                             "00000000000000000001"}) {
        EXPECT_FALSE(parse_redirect_path("/out/m/" + kOffer + "/" + user)) << user;
    }
    for (unsigned value = 0; value < 256; ++value) {
        char c = static_cast<char>(value);
        for (size_t length : {1, 3, 7, 8, 9}) {
            for (size_t place = 0; place < length; ++place) {
                std::string user(length, '7');
                user[place] = c;
                bool valid = c >= (place == 0 ? '1' : '0') && c <= '9';
                auto path = parse_redirect_path("/out/m/" + kOffer + "/" + user);
                ASSERT_EQ(path.has_value(), valid) << value << " at " << place << " of " << length;
                if (valid) {
                    ASSERT_EQ(std::to_string(path->user), user);
                }
            }
        }
    }
}

TEST(RedirectPath, MerchantHasOneToSixtyFourCharacters) {
    for (size_t length = 0; length <= 80; ++length) {
        std::string merchant(length, 'm');
        std::string uri = "/out/" + merchant + "/" + kOffer;
        auto path = parse_redirect_path(uri);
        ASSERT_EQ(path.has_value(), length >= 1 && length <= 64) << length;
        if (path) {
            EXPECT_EQ(path->merchant, merchant);
        }
        EXPECT_EQ(parse_redirect_path("/out/" + merchant + "/" + kOffer + "/9223372036854775807")
                      .has_value(),
                  length >= 1 && length <= 64);
    }
}

TEST(RedirectPath, MerchantHasLettersDigitsDashAndUnderscore) {
    for (unsigned value = 0; value < 256; ++value) {
        char c = static_cast<char>(value);
        bool valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_';
        for (size_t place : {0, 1, 15, 16, 17, 40}) {
            std::string merchant(41, 'm');
            merchant[place] = c;
            ASSERT_EQ(parse_redirect_path("/out/" + merchant + "/" + kOffer).has_value(), valid)
                << value << " at " << place;
        }
    }
}

TEST(RedirectPath, RefusesOtherShapes) {
    for (const std::string& uri : {std::string(),
                                   std::string("/"),
                                   std::string("/out"),
                                   std::string("/out/"),
                                   std::string("/out/m"),
                                   std::string("/out/m/"),
                                   "/out/" + kOffer,
                                   "/out//" + kOffer,
                                   "/out/m//" + kOffer,
                                   "/out/m/x" + kOffer,
                                   "/out/m/" + kOffer + "x",
                                   "/out/m/" + kOffer.substr(1),
                                   "/out/m/" + kOffer + "?",
                                   "/OUT/m/" + kOffer,
                                   "/outs/m/" + kOffer,
                                   "out/m/" + kOffer,
                                   "/out/m/n/" + kOffer,
                                   "/out/m/" + kOffer + "/1/",
                                   "/out/" + std::string(16000, 'm') + "/" + kOffer,
                                   "/out/m/" + kOffer + "/" + std::string(16000, '1')}) {
        EXPECT_FALSE(parse_redirect_path(uri)) << uri.substr(0, 100);
    }
}

TEST(RedirectPath, EveryPrefixIsSafeAndOnlyWholePathsPass) {
    std::string uri = "/out/amazon-in/" + kOffer + "/1234567890";
    size_t offer_end = uri.size() - 11;
    for (size_t size = 0; size <= uri.size(); ++size) {
        // A copy of exact size, so that a sanitizer sees a read beyond it.
        std::vector<char> exact(uri.begin(), uri.begin() + static_cast<ptrdiff_t>(size));
        bool whole = size == offer_end || size > offer_end + 1;
        EXPECT_EQ(parse_redirect_path({exact.data(), exact.size()}).has_value(), whole) << size;
    }
}

TEST(RedirectArgs, TakesTheKnownOnes) {
    RedirectArgs args = parse_redirect_args("utm_source=mail&c=abc&e=1732104000&x&s=Zm9v&=&c");
    EXPECT_EQ(args.c, "abc");
    EXPECT_EQ(args.e, "1732104000");
    EXPECT_EQ(args.s, "Zm9v");
}

TEST(RedirectArgs, FirstOneWinsAndEmptyOnesAreAbsent) {
    EXPECT_EQ(parse_redirect_args("c=1&c=2").c, "1");
    EXPECT_EQ(parse_redirect_args("c=&c=2").c, "2");
    EXPECT_EQ(parse_redirect_args("c=a=b&").c, "a=b");
    EXPECT_EQ(parse_redirect_args("cc=1&C=2&ec=3").c, "");
    EXPECT_EQ(parse_redirect_args("").c, "");
    EXPECT_EQ(parse_redirect_args("&&&&").s, "");
}

}  // namespace
}  // namespace coupon
