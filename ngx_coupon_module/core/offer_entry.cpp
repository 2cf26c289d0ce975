#include "core/offer_entry.hpp"

namespace coupon {

std::string encode_offer_entry(const OfferSource& source, std::string_view program) {
    std::string bytes(kOfferEntryHeaderBytes, '\0');
    std::memcpy(bytes.data(), source.uuid.bytes.data(), source.uuid.bytes.size());
    store(bytes.data() + 16, source.offer_id);
    store(bytes.data() + 24, source.merchant_id);
    store(bytes.data() + 32, source.starts_at);
    store(bytes.data() + 40, source.expires_at);
    bytes += program;
    return bytes;
}

std::optional<OfferView> decode_offer_entry(std::string_view bytes) noexcept {
    if (bytes.size() <= kOfferEntryHeaderBytes || bytes.size() > kOfferEntryMaxBytes)
        return std::nullopt;
    std::optional<OfferView> offer(std::in_place);
    std::memcpy(offer->uuid.bytes.data(), bytes.data(), offer->uuid.bytes.size());
    offer->offer_id = load<int64_t>(bytes.data() + 16);
    offer->merchant_id = load<int64_t>(bytes.data() + 24);
    offer->starts_at = load<int64_t>(bytes.data() + 32);
    offer->expires_at = load<int64_t>(bytes.data() + 40);
    offer->program = bytes.substr(kOfferEntryHeaderBytes);
    return offer;
}

}  // namespace coupon
