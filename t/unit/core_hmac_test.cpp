#include "core/hmac.hpp"

#include <gtest/gtest.h>

#include "core/hex.hpp"

namespace coupon {
namespace {

TEST(Digest, MatchesFips180) {
    EXPECT_EQ(hex_encode(as_text(sha1("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex_encode(as_text(sha256("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_encode(as_text(sha256(""))),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hmac, MatchesRfc2202AndRfc4231) {
    std::string key(20, '\x0b');
    EXPECT_EQ(hex_encode(as_text(hmac_sha1(key, "Hi There"))),
              "b617318655057264e28bc0b6fb378c8ef146be00");
    EXPECT_EQ(hex_encode(as_text(hmac_sha256(key, "Hi There"))),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex_encode(as_text(hmac_sha256("Jefe", "what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(
        hex_encode(as_text(hmac_sha256(std::string(131, '\xaa'),
                                       "Test Using Larger Than Block-Size Key - Hash Key First"))),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, MatchesRfc1321) {
    EXPECT_EQ(hex_encode(as_text(md5(""))), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(hex_encode(as_text(md5("abc"))), "900150983cd24fb0d6963f7d28e17f72");
}

TEST(Hmac, MatchesRfc4231With512Bits) {
    EXPECT_EQ(hex_encode(as_text(hmac_sha512("Jefe", "what do ya want for nothing?"))),
              "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
              "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

TEST(Hmac, TakesAnEmptyKey) {
    EXPECT_EQ(hex_encode(as_text(hmac_sha256("", ""))),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    EXPECT_EQ(hmac_sha256({}, ""), hmac_sha256("", ""));
}

TEST(Hmac, ComparesWholeTexts) {
    EXPECT_TRUE(constant_time_equal("", ""));
    EXPECT_TRUE(constant_time_equal("abc", "abc"));
    EXPECT_FALSE(constant_time_equal("abc", "abd"));
    EXPECT_FALSE(constant_time_equal("abc", "ab"));
}

}  // namespace
}  // namespace coupon
