#include "runtime/journal_place.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <string>

namespace coupon {

std::optional<JournalPlace> make_place(const std::optional<Uuid>& segment,
                                       const std::optional<std::uint64_t>& seq) {
    if (!segment || !seq || *seq > UINT32_MAX) {
        return std::nullopt;
    }
    return JournalPlace{*segment, *seq};
}

Uuid id_of_entry(const std::optional<JournalPlace>& place, std::string_view entry) {
    const auto identity = place ? to_string(place->segment) + "/" + std::to_string(place->seq)
                                : std::string(entry);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    EVP_Digest(identity.data(), identity.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    Uuid id;
    std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
    return id;
}

}  // namespace coupon
