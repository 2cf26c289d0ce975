#include "core/hmac.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace coupon {

namespace {

template <typename Digest>
Digest digest_of(const EVP_MD* algorithm, std::string_view data) {
    Digest digest;
    unsigned size = 0;
    if (EVP_Digest(data.data(), data.size(), digest.data(), &size, algorithm, nullptr) != 1 ||
        size != digest.size()) {
        throw std::runtime_error("openssl cannot compute a digest");
    }
    return digest;
}

template <typename Digest>
Digest hmac_of(const EVP_MD* algorithm, std::string_view key, std::string_view data) {
    Digest digest;
    unsigned size = 0;
    // OpenSSL takes a null key for "the key of the last call"; an empty one must not be null.
    const void* key_bytes = key.empty() ? "" : key.data();
    if (HMAC(algorithm, key_bytes, static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest.data(),
             &size) == nullptr ||
        size != digest.size()) {
        throw std::runtime_error("openssl cannot compute an hmac");
    }
    return digest;
}

}  // namespace

Md5Digest md5(std::string_view data) {
    return digest_of<Md5Digest>(EVP_md5(), data);
}

Sha1Digest sha1(std::string_view data) {
    return digest_of<Sha1Digest>(EVP_sha1(), data);
}

Sha256Digest sha256(std::string_view data) {
    return digest_of<Sha256Digest>(EVP_sha256(), data);
}

Sha1Digest hmac_sha1(std::string_view key, std::string_view data) {
    return hmac_of<Sha1Digest>(EVP_sha1(), key, data);
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view data) {
    return hmac_of<Sha256Digest>(EVP_sha256(), key, data);
}

Sha512Digest hmac_sha512(std::string_view key, std::string_view data) {
    return hmac_of<Sha512Digest>(EVP_sha512(), key, data);
}

bool constant_time_equal(std::string_view one, std::string_view other) noexcept {
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace coupon
