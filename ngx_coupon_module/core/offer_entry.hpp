// A live offer as the catalogue and its snapshot keep it. Little-endian: uuid[16], i64 offer id,
// i64 merchant id, i64 starts_at, i64 expires_at, then the compiled destination up to the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/destination.hpp"
#include "core/uuid.hpp"

namespace coupon {

inline constexpr size_t kOfferEntryHeaderBytes = 48;
inline constexpr size_t kOfferEntryMaxBytes = 8000;
static_assert(kOfferEntryHeaderBytes + kProgramMaxBytes <= kOfferEntryMaxBytes);

struct OfferView {
    Uuid uuid;
    int64_t offer_id = 0;
    int64_t merchant_id = 0;
    int64_t starts_at = 0;     // Unix seconds, INT64_MIN: open
    int64_t expires_at = 0;    // Unix seconds, INT64_MAX: open
    std::string_view program;  // points into the decoded bytes

    bool live_at(int64_t now_s) const noexcept { return now_s >= starts_at && now_s < expires_at; }
};

std::string encode_offer_entry(const OfferSource& source, std::string_view program);

/// Nothing when the size cannot be an entry's. The program is not checked: expand_destination
/// refuses a damaged one.
std::optional<OfferView> decode_offer_entry(std::string_view bytes) noexcept;

}  // namespace coupon
