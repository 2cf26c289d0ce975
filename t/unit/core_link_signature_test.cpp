#include "core/link_signature.hpp"

#include <gtest/gtest.h>

#include "core/base64.hpp"
#include "core/hmac.hpp"

namespace coupon {
namespace {

const Uuid kOffer = *parse_uuid("0190A6F2-1c3d-7abc-8def-0123456789ab");
const std::vector<std::string> kSecrets = {"new-secret", "old-secret"};
constexpr uint64_t kUser = 42;
constexpr int64_t kExpires_s = 1732104000;

LinkVerdict verdict(const std::string& e, const std::string& s, int64_t now_s = kExpires_s - 1) {
    return verify_link(kSecrets, kOffer, kUser, e, s, now_s);
}

TEST(LinkSignature, CoversTheDocumentedMessage) {
    std::string message = "v1\n0190a6f2-1c3d-7abc-8def-0123456789ab\n42\n1732104000";
    EXPECT_EQ(sign_link("new-secret", kOffer, kUser, kExpires_s),
              base64url_encode(as_text(hmac_sha256("new-secret", message))));
}

TEST(LinkSignature, AcceptsAnyOfTheSecrets) {
    for (const std::string& secret : kSecrets) {
        EXPECT_EQ(verdict("1732104000", sign_link(secret, kOffer, kUser, kExpires_s)),
                  LinkVerdict::ok);
    }
    EXPECT_EQ(verdict("1732104000", sign_link("stranger", kOffer, kUser, kExpires_s)),
              LinkVerdict::bad);
}

TEST(LinkSignature, IsMissingWithoutEither) {
    std::string s = sign_link("new-secret", kOffer, kUser, kExpires_s);
    EXPECT_EQ(verdict("", ""), LinkVerdict::missing);
    EXPECT_EQ(verdict("1732104000", ""), LinkVerdict::missing);
    EXPECT_EQ(verdict("", s), LinkVerdict::missing);
}

TEST(LinkSignature, IsBoundToOfferUserAndExpiry) {
    Uuid other = kOffer;
    other.bytes[15] ^= 1;
    EXPECT_EQ(verdict("1732104000", sign_link("new-secret", other, kUser, kExpires_s)),
              LinkVerdict::bad);
    EXPECT_EQ(verdict("1732104000", sign_link("new-secret", kOffer, 43, kExpires_s)),
              LinkVerdict::bad);
    EXPECT_EQ(verdict("1732104001", sign_link("new-secret", kOffer, kUser, kExpires_s)),
              LinkVerdict::bad);
}

TEST(LinkSignature, ExpiresAfterItsSecond) {
    std::string s = sign_link("new-secret", kOffer, kUser, kExpires_s);
    EXPECT_EQ(verdict("1732104000", s, kExpires_s), LinkVerdict::ok);
    EXPECT_EQ(verdict("1732104000", s, kExpires_s + 1), LinkVerdict::expired);
    EXPECT_EQ(verdict("1732104000", "x" + s.substr(1), kExpires_s + 1), LinkVerdict::bad);
}

TEST(LinkSignature, RefusesOtherWritingsOfTheSame) {
    std::string s = sign_link("new-secret", kOffer, kUser, kExpires_s);
    for (const char* e : {"01732104000", "+1732104000", "1732104000 ", "1732104000.0", "-1", "0",
                          "99999999999999999999"}) {
        EXPECT_EQ(verdict(e, s), LinkVerdict::bad) << e;
    }
    EXPECT_EQ(verdict("1732104000", s + "="), LinkVerdict::bad);
    EXPECT_EQ(verdict("1732104000", s.substr(0, 42)), LinkVerdict::bad);
    EXPECT_EQ(verdict("1732104000", std::string(16000, 'A')), LinkVerdict::bad);
}

TEST(LinkSignature, NothingIsGoodWithoutSecrets) {
    EXPECT_EQ(
        verify_link({}, kOffer, kUser, "1732104000", sign_link("", kOffer, kUser, kExpires_s), 0),
        LinkVerdict::bad);
}

}  // namespace
}  // namespace coupon
