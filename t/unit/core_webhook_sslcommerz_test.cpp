#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core/percent.hpp"
#include "core/webhook/form.hpp"
#include "core/webhook/sslcommerz.hpp"
#include "core_webhook_support.hpp"

namespace coupon {
namespace {

constexpr const char* kProvider = "sslcommerz";
constexpr const char* kPassword = "test_testemi@ssl";

using Fields = std::vector<std::pair<std::string, std::string>>;

const Fields kSigned = {{"amount", "10.00"},
                        {"bank_tran_id", "200105225825DBgSoRGLvczhFjj"},
                        {"base_fair", "0.00"},
                        {"card_brand", "VISA"},
                        {"card_issuer", "TRUST BANK, LTD."},
                        {"card_issuer_country", "Bangladesh"},
                        {"card_issuer_country_code", "BD"},
                        {"card_no", "418117XXXXXX6675"},
                        {"card_type", "VISA-Dutch Bangla"},
                        {"currency", "BDT"},
                        {"currency_amount", "10.00"},
                        {"currency_rate", "1.0000"},
                        {"currency_type", "BDT"},
                        {"risk_level", "0"},
                        {"risk_title", "Safe"},
                        {"status", "VALID"},
                        {"store_amount", "9.75"},
                        {"store_id", "test_testemi"},
                        {"tran_date", "2020-01-05 22:58:21"},
                        {"tran_id", "5E121A0D01F92"},
                        {"val_id", "200105225826116qFnATY9sHIwo"},
                        {"value_a", ""},
                        {"value_b", ""},
                        {"value_c", ""},
                        {"value_d", ""}};

std::string form_of(const Fields& fields) {
    std::string form;
    for (const auto& [name, value] : fields)
        form += (form.empty() ? "" : "&") + name + "=" + percent_encoded(value);
    return form;
}

std::string names_of(const Fields& fields) {
    std::string names;
    for (const auto& [name, value] : fields)
        names += (names.empty() ? "" : ",") + name;
    return names;
}

/// Signs by hand: fields that are in the order of their names, those after store_passwd from "t" on.
std::string joined(const Fields& fields, const std::string& password_hash) {
    std::string text;
    bool done = false;
    for (const auto& [name, value] : fields) {
        if (!done && name > "store_passwd") {
            text += "&store_passwd=" + password_hash;
            done = true;
        }
        text += "&" + name + "=" + value;
    }
    if (!done)
        text += "&store_passwd=" + password_hash;
    return text.substr(1);
}

std::string by_md5(const Fields& fields) {
    return hex_encode(as_text(md5(joined(fields, hex_encode(as_text(md5(kPassword)))))));
}

std::string by_sha256(const Fields& fields) {
    return hex_encode(as_text(sha256(joined(fields, hex_encode(as_text(sha256(kPassword)))))));
}

TestWebhook with(Fields fields, const Fields& unsigned_fields) {
    TestWebhook webhook;
    Fields all = std::move(fields);
    all.insert(all.end(), unsigned_fields.begin(), unsigned_fields.end());
    webhook.body = form_of(all);
    webhook.settings.secrets = {{kPassword}};
    return webhook;
}

const Fields kSignatures = {
    {"verify_sign", "d42fab70ae0bcbda5280e7baffef60b0"},
    {"verify_sign_sha2", "02c0417ff467c109006382d56eedccecd68382e47245266e7b47abbb3d43976e"},
    {"verify_key", names_of(kSigned)}};

TestWebhook official() {
    return with(kSigned, kSignatures);
}

TestWebhook signed_again(const Fields& fields) {
    return with(fields, {{"verify_sign", by_md5(fields)}, {"verify_key", names_of(fields)}});
}

Fields without(Fields fields, const std::string& name) {
    std::erase_if(fields, [&](const auto& field) { return field.first == name; });
    return fields;
}

Fields changed(Fields fields, const std::string& name, const std::string& value) {
    for (auto& field : fields) {
        if (field.first == name)
            field.second = value;
    }
    return fields;
}

TEST(WebhookSslcommerz, TakesItsOwnVector) {
    expect_accepted(official(), kProvider, WebhookTrust::header_only);
    EXPECT_EQ(by_md5(kSigned), kSignatures[0].second);
    EXPECT_EQ(by_sha256(kSigned), kSignatures[1].second);
}

TEST(WebhookSslcommerz, TakesEitherSignatureAndBothTogether) {
    expect_accepted(with(kSigned, without(kSignatures, "verify_sign")), kProvider,
                    WebhookTrust::header_only);
    expect_accepted(with(kSigned, without(kSignatures, "verify_sign_sha2")), kProvider,
                    WebhookTrust::header_only);
    for (const char* name : {"verify_sign", "verify_sign_sha2"}) {
        expect_refused(with(kSigned, changed(kSignatures, name, std::string(64, '0'))), kProvider,
                       WebhookVerdict::bad);
        expect_refused(with(kSigned, changed(kSignatures, name, "")), kProvider,
                       WebhookVerdict::bad);
    }
    Fields none = without(without(kSignatures, "verify_sign"), "verify_sign_sha2");
    expect_refused(with(kSigned, none), kProvider, WebhookVerdict::missing);
    expect_refused(with(kSigned, without(kSignatures, "verify_key")), kProvider,
                   WebhookVerdict::missing);
}

TEST(WebhookSslcommerz, TakesAnyOfThePasswords) {
    expect_any_secret(official(), kProvider, WebhookTrust::header_only, {"another"});
}

TEST(WebhookSslcommerz, NeedsWhatDecidesAmongTheSignedFields) {
    for (const char* name : {"status", "tran_id", "val_id", "amount", "currency", "store_id"}) {
        Fields fields = without(kSigned, name);
        expect_refused(signed_again(fields), kProvider, WebhookVerdict::bad);
        // There, but not signed.
        Fields outside = {{"verify_sign", by_md5(fields)},
                          {"verify_key", names_of(fields)},
                          {name, "VALID"}};
        expect_refused(with(fields, outside), kProvider, WebhookVerdict::bad);
    }
    Fields cancelled = {{"error", "Cancelled by user"}, {"status", "CANCELLED"}, {"tran_id", "T1"}};
    expect_accepted(signed_again(cancelled), kProvider, WebhookTrust::header_only);
}

TEST(WebhookSslcommerz, RefusesAValueThatHoldsItsNeighbour) {
    // The same signed text cut in another place: amount takes bank_tran_id in.
    Fields fields =
        changed(without(kSigned, "bank_tran_id"), "amount",
                "10.00&bank_tran_id=200105225825DBgSoRGLvczhFjj");
    TestWebhook webhook = with(fields, changed(kSignatures, "verify_key", names_of(fields)));
    EXPECT_EQ(by_md5(fields), kSignatures[0].second);
    expect_refused(webhook, kProvider, WebhookVerdict::bad);
    // Or a name does.
    Fields named = without(without(kSigned, "amount"), "bank_tran_id");
    TestWebhook other = with(
        named, changed(kSignatures, "verify_key", "amount=10.00&bank_tran_id," + names_of(named)));
    other.body += "&amount%3D10.00%26bank_tran_id=200105225825DBgSoRGLvczhFjj";
    expect_refused(other, kProvider, WebhookVerdict::malformed);
}

TEST(WebhookSslcommerz, RefusesRepeatedNames) {
    for (const char* extra : {"&amount=10.00", "&verify_sign=00", "&verify_key=status",
                              "&%61mount=1.00", "&extra=1&extra=2"}) {
        TestWebhook webhook = official();
        webhook.body += extra;
        expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    }
    TestWebhook twice =
        with(kSigned, changed(kSignatures, "verify_key", names_of(kSigned) + ",amount"));
    expect_refused(twice, kProvider, WebhookVerdict::malformed);
}

TEST(WebhookSslcommerz, RefusesAnInventedPassword) {
    Fields fields = kSigned;
    fields.insert(fields.end() - 7, {"store_passwd", "00"});
    TestWebhook webhook = with(fields, changed(kSignatures, "verify_key", names_of(fields)));
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
    expect_refused(with(kSigned, changed(kSignatures, "verify_key", names_of(kSigned) + ",absent")),
                   kProvider, WebhookVerdict::malformed);
}

TEST(WebhookSslcommerz, CountsEachBitOfWhatIsSigned) {
    auto expected = sslcommerz_signed_fields(official().body);
    // A change that decodes to the same signed fields and signatures has no effect: the case of a
    // hexadecimal digit, a name that nothing reads.
    expect_each_bit_counts(official(), kProvider, body_of, [&](const std::string& body) {
        return sslcommerz_signed_fields(body) == expected;
    });
}

TEST(WebhookSslcommerz, CountsEachBitOfOneSignature) {
    for (const char* name : {"verify_sign", "verify_sign_sha2"}) {
        Fields one = without(kSignatures, name);
        for (size_t bit = 0; bit < one[0].second.size() * 8; ++bit) {
            Fields flipped = one;
            flipped[0].second[bit / 8] =
                static_cast<char>(flipped[0].second[bit / 8] ^ 1 << bit % 8);
            ASSERT_EQ(with(kSigned, flipped).verify(kProvider).verdict, WebhookVerdict::bad);
        }
    }
}

TEST(WebhookSslcommerz, BoundsTheForm) {
    TestWebhook webhook = official();
    webhook.body += "&x=" + std::string(kSignedFormMaxBytes - webhook.body.size() - 3, 'x');
    expect_accepted(webhook, kProvider, WebhookTrust::header_only);
    webhook.body += "x";
    expect_refused(webhook, kProvider, WebhookVerdict::malformed);
}

TEST(WebhookSslcommerz, RefusesHostileBodies) {
    expect_hostile_bodies_refused(official(), kProvider);
}

}  // namespace
}  // namespace coupon
