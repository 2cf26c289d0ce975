#include "core/siphash.hpp"

#include "core/bytes.hpp"

namespace coupon {

namespace {

struct State {
    uint64_t v0;
    uint64_t v1;
    uint64_t v2;
    uint64_t v3;

    explicit State(SipKey key) noexcept
        : v0(key.k0 ^ 0x736f6d6570736575),
          v1(key.k1 ^ 0x646f72616e646f6d),
          v2(key.k0 ^ 0x6c7967656e657261),
          v3(key.k1 ^ 0x7465646279746573) {}

    void round() noexcept {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }

    void absorb(uint64_t word) noexcept {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }

    uint64_t finish() noexcept {
        v2 ^= 0xff;
        for (int i = 0; i < 4; ++i)
            round();
        return v0 ^ v1 ^ v2 ^ v3;
    }
};

}  // namespace

uint64_t siphash24(SipKey key, const void* data, size_t size) noexcept {
    State state(key);
    auto from = static_cast<const unsigned char*>(data);
    size_t left = size;
    for (; left >= 8; left -= 8, from += 8)
        state.absorb(load<uint64_t>(from));
    uint64_t last = static_cast<uint64_t>(size) << 56;
    if (left >= 4) {
        last |= load<uint32_t>(from);
        for (size_t at = 4; at < left; ++at)
            last |= static_cast<uint64_t>(from[at]) << (8 * at);
    } else {
        for (size_t at = 0; at < left; ++at)
            last |= static_cast<uint64_t>(from[at]) << (8 * at);
    }
    state.absorb(last);
    return state.finish();
}

}  // namespace coupon
