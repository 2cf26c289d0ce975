// Providers that sign the decoded fields of a form.
#include <map>

#include "core/base64.hpp"
#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core/percent.hpp"
#include "sample.hpp"

using namespace coupon;

namespace {

using Fields = std::map<std::string, std::string>;

std::string form_of(const Fields& fields) {
    std::string form;
    for (const auto& [name, value] : fields) {
        form += (form.empty() ? "" : "&") + name + "=" + percent_encoded(value);
    }
    return form;
}

// The signed text: name=value of all, the hashed password among them.
std::string sslcommerz_text(Fields fields, const std::string& password_hash) {
    fields["store_passwd"] = password_hash;
    std::string text;
    for (const auto& [name, value] : fields) {
        text += (text.empty() ? "" : "&") + name + "=" + value;
    }
    return text;
}

Sample sslcommerz() {
    Fields fields{{"amount", "1499.00"},
                  {"bank_tran_id", "2505051249190fXqrBnWkzVqv3M"},
                  {"card_brand", "MOBILEBANKING"},
                  {"card_issuer", "BKash Mobile Banking"},
                  {"card_issuer_country", "Bangladesh"},
                  {"card_issuer_country_code", "BD"},
                  {"card_no", "01700000000"},
                  {"card_type", "BKASH-BKash"},
                  {"currency", "BDT"},
                  {"currency_amount", "1499.00"},
                  {"currency_rate", "1.0000"},
                  {"currency_type", "BDT"},
                  {"risk_level", "0"},
                  {"risk_title", "Safe"},
                  {"status", "VALID"},
                  {"store_amount", "1461.53"},
                  {"store_id", "shopexample0live"},
                  {"tran_date", "2025-05-05 12:49:10"},
                  {"tran_id", "0190a6f2-1c3d-7abc-8def-0123456789ab"},
                  {"val_id", "25050512491919jG3DvWu0SLVXQ"},
                  {"value_a", "Gift voucher"}};
    std::string names;
    for (const auto& [name, value] : fields) {
        names += (names.empty() ? "" : ",") + name;
    }
    Fields sent = fields;
    sent["verify_key"] = names;
    sent["verify_sign"] =
        hex_encode(as_text(md5(sslcommerz_text(fields, hex_encode(as_text(md5(sample_secret)))))));
    sent["verify_sign_sha2"] =
        hex_encode(as_text(sha256(sslcommerz_text(fields, hex_encode(as_text(sha256(sample_secret)))))));
    Sample sample{.provider = "sslcommerz", .body = form_of(sent)};
    sample.settings.secrets = {{sample_secret}};
    return sample;
}

Sample twilio() {
    Fields fields{{"AccountSid", "AC" + std::string(32, 'a')},
                  {"ApiVersion", "2010-04-01"},
                  {"From", "+14155550100"},
                  {"MessageSid", "SM" + std::string(32, 'b')},
                  {"MessageStatus", "delivered"},
                  {"SmsSid", "SM" + std::string(32, 'b')},
                  {"SmsStatus", "delivered"},
                  {"To", "+919900000000"}};
    for (int number = 100; number < 116; ++number) {
        fields["Parameter" + std::to_string(number)] = "a value of the message, " + std::to_string(number);
    }
    std::string text = sample_url;
    for (const auto& [name, value] : fields) {
        text += name + value;
    }
    Sample sample{.provider = "twilio", .body = form_of(fields)};
    sample.headers = {{"x-twilio-signature", base64_encode(as_text(hmac_sha1(sample_secret, text)))}};
    sample.settings.secrets = {{sample_secret}};
    sample.settings.url = sample_url;
    return sample;
}

}  // namespace

void add_signed_forms(std::vector<Sample>& samples) {
    samples.insert(samples.end(), {sslcommerz(), twilio()});
}
