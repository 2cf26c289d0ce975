// Digests and message authentication codes, over OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coupon {

using Sha1Digest = std::array<uint8_t, 20>;
using Sha256Digest = std::array<uint8_t, 32>;
using Sha512Digest = std::array<uint8_t, 64>;
using Md5Digest = std::array<uint8_t, 16>;

/// All of them throw std::runtime_error only when OpenSSL itself fails (out of memory).
Md5Digest md5(std::string_view data);
Sha1Digest sha1(std::string_view data);
Sha256Digest sha256(std::string_view data);
Sha1Digest hmac_sha1(std::string_view key, std::string_view data);
Sha256Digest hmac_sha256(std::string_view key, std::string_view data);
Sha512Digest hmac_sha512(std::string_view key, std::string_view data);

/// Compares without telling by its time where two texts of one length differ.
bool constant_time_equal(std::string_view one, std::string_view other) noexcept;

/// The bytes of a digest as text, for hex and base64.
template <size_t N>
std::string_view as_text(const std::array<uint8_t, N>& digest) noexcept {
    return {reinterpret_cast<const char*>(digest.data()), N};
}

}  // namespace coupon
