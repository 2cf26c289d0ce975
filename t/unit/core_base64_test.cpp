#include "core/base64.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

TEST(Base64, MatchesRfc4648) {
    const std::pair<const char*, const char*> vectors[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (auto [bytes, text] : vectors) {
        EXPECT_EQ(base64_encode(bytes), text);
        EXPECT_EQ(base64_decode(text), bytes);
    }
}

TEST(Base64, UrlSafeHasItsOwnAlphabetAndNoPadding) {
    std::string bytes = "\xfb\xff\xfe\x01";
    EXPECT_EQ(base64_encode(bytes), "+//+AQ==");
    EXPECT_EQ(base64url_encode(bytes), "-__-AQ");
    EXPECT_EQ(base64url_decode("-__-AQ"), bytes);
    EXPECT_FALSE(base64url_decode("-__-AQ=="));
    EXPECT_FALSE(base64url_decode("+//+AQ"));
    EXPECT_FALSE(base64_decode("-__-AQ=="));
}

TEST(Base64, IsStrict) {
    for (const char* bad : {"Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zh==", "Zm9=", "Zm 9",
                            "Zm9v\n", "Zg==Zg=="}) {
        EXPECT_FALSE(base64_decode(bad)) << bad;
    }
    EXPECT_FALSE(base64url_decode("A"));
    EXPECT_FALSE(base64url_decode("Zh"));
}

TEST(Base64, EveryLengthReturns) {
    std::string bytes;
    for (int size = 0; size < 300; ++size) {
        EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
        EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
        bytes += static_cast<char>(size * 37);
    }
}

}  // namespace
}  // namespace coupon
