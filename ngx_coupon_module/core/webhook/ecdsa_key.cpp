#include "core/webhook/ecdsa_key.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base64.hpp"

namespace coupon {

namespace {

struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

// More than one configuration's keys; only a configuration adds to them.
constexpr size_t kKeysMax = 32;

const unsigned char* bytes_of(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// Null when the text is no such key.
Key parse_key(std::string_view base64_key) {
    auto der = base64_decode(base64_key);
    if (!der)
        return nullptr;
    const unsigned char* at = bytes_of(*der);
    Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der->size())));
    bool whole = at == bytes_of(*der) + der->size();
    char curve[32] = {};
    bool p256 = key && whole && EVP_PKEY_is_a(key.get(), "EC") == 1 &&
                EVP_PKEY_get_group_name(key.get(), curve, sizeof curve, nullptr) == 1 &&
                std::string_view(curve) == "prime256v1";
    ERR_clear_error();
    return p256 ? std::move(key) : nullptr;
}

EVP_PKEY* kept_key(std::string_view base64_key) {
    static thread_local std::vector<std::pair<std::string, Key>> keys;
    for (const auto& [text, key] : keys) {
        if (text == base64_key)
            return key.get();
    }
    if (keys.size() == kKeysMax)
        keys.clear();
    return keys.emplace_back(base64_key, parse_key(base64_key)).second.get();
}

}  // namespace

bool is_p256_key(std::string_view base64_key) {
    return parse_key(base64_key) != nullptr;
}

bool p256_signs(std::string_view base64_key, std::string_view message,
                std::string_view signature) {
    EVP_PKEY* key = kept_key(base64_key);
    if (key == nullptr)
        return false;
    std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
    if (!context)
        throw std::bad_alloc();
    bool signs =
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
        EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                         message.size()) == 1;
    // What a stranger's signature left there must not reach NGINX's own TLS code.
    ERR_clear_error();
    return signs;
}

}  // namespace coupon
