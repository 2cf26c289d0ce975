// A stranger's parameters of a signed link, and ids a stranger made up: nothing is believed without
// the secret, and what was signed is believed until one bit of it changes.
#include <random>
#include <utility>
#include <vector>

#include "check.hpp"
#include "core/click_id.hpp"
#include "core/link_signature.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const coupon::SipKey key = [] {
        std::random_device random;
        return coupon::SipKey{random() * uint64_t{0x100000001} + 1, random() + uint64_t{7}};
    }();
    static const std::vector<std::string> secrets{std::to_string(key.k0), std::to_string(key.k1)};
    auto text = text_of(data, size);
    coupon::Uuid offer;
    for (auto& byte : offer.bytes) {
        byte = take_byte(text);
    }
    const uint64_t user = 1 + take_byte(text);
    const auto expires = take_until(text, "&");
    const auto verdict = coupon::verify_link(secrets, offer, user, expires, text, 1'732'104'000);
    check((verdict == coupon::LinkVerdict::missing) == (expires.empty() || text.empty()));
    check(verdict == coupon::LinkVerdict::missing || verdict == coupon::LinkVerdict::bad);
    check(!coupon::verify_click_id(offer, {&key, 1}));

    // Signed now: good as it stands, and bad with any character of it changed.
    const int64_t until = 1'732'104'000 + take_byte(text);
    auto signature = coupon::sign_link(secrets[1], offer, user, until);
    const auto verify = [&](uint64_t who) {
        return coupon::verify_link(secrets, offer, who, std::to_string(until), signature,
                                   1'732'104'000);
    };
    check(verify(user) == coupon::LinkVerdict::ok);
    check(verify(user + 1) == coupon::LinkVerdict::bad);
    if (!text.empty()) {
        char& changed = signature[take_byte(text) % signature.size()];
        const char was = std::exchange(changed, text.empty() ? '\0' : text.front());
        check((verify(user) == coupon::LinkVerdict::ok) == (changed == was));
    }

    coupon::ClickIdMaker maker(key, user);
    auto id = maker.make(1'732'104'000'000 + user);
    check(coupon::verify_click_id(id, {&key, 1}) &&
          coupon::click_id_ms(id) == 1'732'104'000'000 + user);
    const auto parsed = coupon::parse_uuid(to_string(id));
    check(parsed && *parsed == id);
    id.bytes[offer.bytes[0] % 16] ^= static_cast<uint8_t>(1U << offer.bytes[1] % 8);
    check(!coupon::verify_click_id(id, {&key, 1}));
    return 0;
}
