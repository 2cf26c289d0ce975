#include "core/click_id.hpp"

#include "core/hex.hpp"

namespace coupon {

namespace {

constexpr uint64_t kCountMask = (uint64_t{1} << 42) - 1;
constexpr size_t kTaggedBytes = 12;

uint32_t tag_of(const Uuid& id, SipKey key) noexcept {
    return static_cast<uint32_t>(siphash24(key, id.bytes.data(), kTaggedBytes));
}

}  // namespace

std::optional<SipKey> parse_click_key(std::string_view hex) noexcept {
    Bytes16 bytes;
    if (hex.size() != 32 || !detail::digits_to_bytes(load<Bytes16>(hex.data()),
                                                     load<Bytes16>(hex.data() + 16), bytes)) {
        return std::nullopt;
    }
    auto words = reinterpret_cast<Words2>(bytes);
    return SipKey{words[0], words[1]};
}

uint64_t ClickIdMaker::next_random() noexcept {
    // splitmix64: ids need to differ, not to be unguessable; the tag is what cannot be forged.
    random_ += 0x9e3779b97f4a7c15;
    uint64_t mixed = random_;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

Uuid ClickIdMaker::make(uint64_t now_ms) noexcept {
    if (now_ms != ms_) {
        ms_ = now_ms;
        count_ = next_random();
    }
    uint64_t count = ++count_ & kCountMask;
    uint64_t high = now_ms << 16 | 0x7000 | count >> 30;
    uint32_t low = 0x80000000 | static_cast<uint32_t>(count & 0x3fffffff);
    Uuid id;
    store(id.bytes.data(), __builtin_bswap64(high));
    store(id.bytes.data() + 8, __builtin_bswap32(low));
    store(id.bytes.data() + kTaggedBytes, __builtin_bswap32(tag_of(id, key_)));
    return id;
}

bool verify_click_id(const Uuid& id, std::span<const SipKey> keys) noexcept {
    if (id.bytes[6] >> 4 != 7 || id.bytes[8] >> 6 != 2)
        return false;
    uint32_t tag = __builtin_bswap32(load<uint32_t>(id.bytes.data() + kTaggedBytes));
    for (const SipKey& key : keys) {
        if (tag_of(id, key) == tag)
            return true;
    }
    return false;
}

uint64_t click_id_ms(const Uuid& id) noexcept {
    return __builtin_bswap64(load<uint64_t>(id.bytes.data())) >> 16;
}

}  // namespace coupon
