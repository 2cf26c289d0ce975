// SSLCommerz: MD5 and SHA-256 over the signed fields, sorted, with the hashed store password among
// them. The sender picks the fields, so those that a decision rests on must be among them; even then
// the sender's own validation call has to agree, hence no body_signed.
#include "core/webhook/sslcommerz.hpp"

#include <algorithm>

#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core/webhook/check.hpp"
#include "core/webhook/providers.hpp"

namespace coupon {

namespace {

constexpr size_t kSignedFieldsMax = 100;
constexpr std::string_view kPasswordField = "store_passwd";
constexpr std::string_view kAlwaysSigned[] = {"status", "tran_id"};
constexpr std::string_view kSignedWhenValid[] = {"val_id", "amount", "currency", "store_id"};

bool is_field_name(std::string_view name) noexcept {
    return !name.empty() && name != kPasswordField &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                      (c >= 'A' && c <= 'Z');
           });
}

std::optional<std::vector<FormField>> read_form(std::string_view body) {
    return body.size() <= kSignedFormMaxBytes ? parse_form(body) : std::nullopt;
}

bool has_repeated_name(const std::vector<FormField>& fields) {
    std::vector<std::string_view> names;
    for (const FormField& field : fields)
        names.push_back(field.name);
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
}

const FormField* find(const std::vector<FormField>& fields, std::string_view name) noexcept {
    auto found = std::find_if(fields.begin(), fields.end(),
                              [name](const FormField& field) { return field.name == name; });
    return found == fields.end() ? nullptr : &*found;
}

std::optional<std::vector<FormField>> signed_fields(const std::vector<FormField>& fields) {
    const FormField* verify_key = find(fields, "verify_key");
    if (verify_key == nullptr || has_repeated_name(fields))
        return std::nullopt;
    std::vector<FormField> chosen;
    for (std::string_view names = verify_key->value; !names.empty();) {
        std::string_view name = names.substr(0, names.find(','));
        names.remove_prefix(std::min(name.size() + 1, names.size()));
        const FormField* field = find(fields, name);
        if (!is_field_name(name) || field == nullptr || chosen.size() == kSignedFieldsMax)
            return std::nullopt;
        chosen.push_back(*field);
    }
    std::sort(chosen.begin(), chosen.end());
    if (has_repeated_name(chosen))
        return std::nullopt;
    return chosen;
}

/// The values join with `&`, so one that decides must not be able to hold its neighbour.
bool is_firmly_signed(const std::vector<FormField>& chosen, std::string_view name) noexcept {
    const FormField* field = find(chosen, name);
    return field != nullptr && field->value.find('&') == std::string::npos;
}

bool covers_what_decides(const std::vector<FormField>& chosen) noexcept {
    auto firm = [&](std::string_view name) { return is_firmly_signed(chosen, name); };
    if (!std::all_of(std::begin(kAlwaysSigned), std::end(kAlwaysSigned), firm))
        return false;
    const std::string& status = find(chosen, "status")->value;
    if (status != "VALID" && status != "VALIDATED")
        return true;
    return std::all_of(std::begin(kSignedWhenValid), std::end(kSignedWhenValid), firm);
}

std::string canonical_text(const std::vector<FormField>& chosen, std::string_view password_hash) {
    std::string text;
    bool password_done = false;
    auto append = [&text](std::string_view name, std::string_view value) {
        if (!text.empty())
            text += '&';
        text.append(name).append("=").append(value);
    };
    for (const FormField& field : chosen) {
        if (!password_done && kPasswordField < field.name) {
            append(kPasswordField, password_hash);
            password_done = true;
        }
        append(field.name, field.value);
    }
    if (!password_done)
        append(kPasswordField, password_hash);
    return text;
}

bool md5_signs(const std::vector<FormField>& chosen, std::string_view password,
               std::string_view given) {
    std::string text = canonical_text(chosen, hex_encode(as_text(md5(password))));
    return constant_time_equal(hex_encode(as_text(md5(text))), given);
}

bool sha256_signs(const std::vector<FormField>& chosen, std::string_view password,
                  std::string_view given) {
    std::string text = canonical_text(chosen, hex_encode(as_text(sha256(password))));
    return constant_time_equal(hex_encode(as_text(sha256(text))), given);
}

}  // namespace

std::optional<std::vector<FormField>> sslcommerz_signed_fields(std::string_view body) {
    auto fields = read_form(body);
    return fields ? signed_fields(*fields) : std::nullopt;
}

WebhookCheck verify_sslcommerz(const WebhookSettings& settings, const WebhookRequest& request) {
    auto fields = read_form(request.body);
    if (!fields)
        return refused(WebhookVerdict::malformed, "the form is too large");
    const FormField* by_md5 = find(*fields, "verify_sign");
    const FormField* by_sha256 = find(*fields, "verify_sign_sha2");
    if ((by_md5 == nullptr && by_sha256 == nullptr) || find(*fields, "verify_key") == nullptr)
        return refused(WebhookVerdict::missing, "verify_sign or verify_key is missing");
    auto chosen = signed_fields(*fields);
    if (!chosen)
        return refused(WebhookVerdict::malformed, "verify_key does not name fields that are there");
    if (!covers_what_decides(*chosen))
        return refused(WebhookVerdict::bad, "verify_key leaves out a field that decides");
    bool matched = false;
    for (const WebhookSecret& secret : settings.secrets) {
        bool one = by_md5 == nullptr || md5_signs(*chosen, secret.value, by_md5->value);
        bool other = by_sha256 == nullptr || sha256_signs(*chosen, secret.value, by_sha256->value);
        matched |= one && other;
    }
    return matched ? accepted(WebhookTrust::header_only)
                   : refused(WebhookVerdict::bad, "the signature is of other fields or password");
}

}  // namespace coupon
