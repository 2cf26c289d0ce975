// Public keys of P-256 and what they sign, over OpenSSL.
#pragma once

#include <string_view>

namespace coupon {

/// Base64 of a DER SubjectPublicKeyInfo, without PEM's armour.
bool is_p256_key(std::string_view base64_key);

/// Whether `signature` (a DER pair) over SHA-256 of the message is the key's. False for a key that
/// is none. Parsed keys are kept per thread: reading one costs more than a check.
bool p256_signs(std::string_view base64_key, std::string_view message, std::string_view signature);

}  // namespace coupon
