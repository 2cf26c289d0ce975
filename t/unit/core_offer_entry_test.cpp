#include "core/offer_entry.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

OfferSource source() {
    OfferSource offer;
    offer.offer_id = 0x0102030405060708;
    offer.merchant_id = -2;
    offer.uuid = *parse_uuid("0190a6f2-1c3d-7abc-8def-0123456789ab");
    offer.affiliate_url = "https://s.example/?c={click_id}";
    offer.starts_at = 1732104000;
    return offer;
}

TEST(OfferEntry, ReturnsWhatWasEncoded) {
    std::string program = compile_destination(source()).program;
    std::string bytes = encode_offer_entry(source(), program);
    auto offer = decode_offer_entry(bytes);
    ASSERT_TRUE(offer);
    EXPECT_EQ(offer->uuid, source().uuid);
    EXPECT_EQ(offer->offer_id, source().offer_id);
    EXPECT_EQ(offer->merchant_id, source().merchant_id);
    EXPECT_EQ(offer->starts_at, 1732104000);
    EXPECT_EQ(offer->expires_at, INT64_MAX);
    EXPECT_EQ(offer->program, program);
}

TEST(OfferEntry, HasAFixedLayout) {
    std::string bytes = encode_offer_entry(source(), "p");
    EXPECT_EQ(bytes.size(), kOfferEntryHeaderBytes + 1);
    EXPECT_EQ(static_cast<uint8_t>(bytes[0]), 0x01);
    EXPECT_EQ(static_cast<uint8_t>(bytes[15]), 0xab);
    EXPECT_EQ(bytes.substr(16, 8), std::string("\x08\x07\x06\x05\x04\x03\x02\x01"));
    EXPECT_EQ(bytes.substr(24, 8), std::string("\xfe\xff\xff\xff\xff\xff\xff\xff"));
}

TEST(OfferEntry, RefusesImpossibleSizes) {
    EXPECT_FALSE(decode_offer_entry(""));
    EXPECT_FALSE(decode_offer_entry(std::string(kOfferEntryHeaderBytes, '\0')));
    EXPECT_TRUE(decode_offer_entry(std::string(kOfferEntryMaxBytes, '\0')));
    EXPECT_FALSE(decode_offer_entry(std::string(kOfferEntryMaxBytes + 1, '\0')));
}

TEST(OfferEntry, IsLiveFromItsStartToJustBeforeItsEnd) {
    OfferView offer;
    offer.starts_at = 100;
    offer.expires_at = 200;
    EXPECT_FALSE(offer.live_at(99));
    EXPECT_TRUE(offer.live_at(100));
    EXPECT_TRUE(offer.live_at(199));
    EXPECT_FALSE(offer.live_at(200));
    offer.starts_at = INT64_MIN;
    offer.expires_at = INT64_MAX;
    EXPECT_TRUE(offer.live_at(0));
}

}  // namespace
}  // namespace coupon
