#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <new>

#include "core/base64.hpp"
#include "core/webhook/sns.hpp"

namespace coupon {

namespace {

constexpr size_t kCertificateMaxBytes = 65536;
constexpr int kKeyMinBits = 2048;

template <auto free>
struct Free {
    template <typename T>
    void operator()(T* object) const noexcept {
        free(object);
    }
};

using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;

const unsigned char* bytes_of(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

int no_passphrase(char*, int, int, void*) noexcept {
    return -1;
}

Certificate read_certificate(std::string_view pem) {
    if (pem.size() > kCertificateMaxBytes)
        return nullptr;
    Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    if (!bio)
        throw std::bad_alloc();
    return Certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
}

bool is_strong_rsa(EVP_PKEY* key) noexcept {
    return key != nullptr && EVP_PKEY_is_a(key, "RSA") == 1 &&
           EVP_PKEY_get_bits(key) >= kKeyMinBits;
}

bool signs(EVP_PKEY* key, const EVP_MD* algorithm, std::string_view text,
           std::string_view signature) {
    Digest context(EVP_MD_CTX_new());
    if (!context)
        throw std::bad_alloc();
    EVP_PKEY_CTX* padding = nullptr;
    return EVP_DigestVerifyInit(context.get(), &padding, algorithm, nullptr, key) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PADDING) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                            text.size()) == 1;
}

}  // namespace

bool verify_sns(const SnsMessage& message, std::string_view certificate_pem) {
    auto signature = base64_decode(message.signature);
    if (!signature)
        return false;
    Certificate certificate = read_certificate(certificate_pem);
    EVP_PKEY* key = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
    const EVP_MD* algorithm = message.signature_version == "2" ? EVP_sha256() : EVP_sha1();
    bool good = is_strong_rsa(key) &&
                signs(key, algorithm, sns_canonical_string(message), *signature);
    ERR_clear_error();
    return good;
}

}  // namespace coupon
