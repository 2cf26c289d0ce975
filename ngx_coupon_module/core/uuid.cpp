#include "core/uuid.hpp"

#include "core/hex.hpp"

namespace coupon {

namespace detail {

bool read_uuid(const char* text, Uuid& uuid) noexcept {
    bool dashed = ((text[8] ^ '-') | (text[13] ^ '-') | (text[18] ^ '-') | (text[23] ^ '-')) == 0;
    uint64_t middle = load<uint32_t>(text + 9) | static_cast<uint64_t>(load<uint32_t>(text + 14))
                                                     << 32;
    uint64_t third = load<uint32_t>(text + 19) | static_cast<uint64_t>(load<uint32_t>(text + 24))
                                                     << 32;
    Bytes16 bytes;
    if (!dashed ||
        !digits_to_bytes(reinterpret_cast<Bytes16>(Words2{load<uint64_t>(text), middle}),
                         reinterpret_cast<Bytes16>(Words2{third, load<uint64_t>(text + 28)}),
                         bytes)) {
        return false;
    }
    store(uuid.bytes.data(), bytes);
    return true;
}

}  // namespace detail

std::optional<Uuid> parse_uuid(std::string_view text) noexcept {
    Uuid uuid;
    if (text.size() != kUuidTextBytes || !detail::read_uuid(text.data(), uuid))
        return std::nullopt;
    return uuid;
}

void write_uuid(const Uuid& uuid, char* out) noexcept {
    auto high =
        reinterpret_cast<Words2>(detail::bytes_to_digits(load<uint64_t>(uuid.bytes.data())));
    auto low =
        reinterpret_cast<Words2>(detail::bytes_to_digits(load<uint64_t>(uuid.bytes.data() + 8)));
    store(out, high[0]);
    store(out + 9, static_cast<uint32_t>(high[1]));
    store(out + 14, static_cast<uint32_t>(high[1] >> 32));
    store(out + 19, static_cast<uint32_t>(low[0]));
    store(out + 24, static_cast<uint32_t>(low[0] >> 32));
    store(out + 28, low[1]);
    out[8] = out[13] = out[18] = out[23] = '-';
}

std::string to_string(const Uuid& uuid) {
    std::string text(kUuidTextBytes, '\0');
    write_uuid(uuid, text.data());
    return text;
}

}  // namespace coupon
