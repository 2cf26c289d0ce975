// Any text as a mail's template with its layout, and any JSON as that of a text message: refused
// with a sentence, or it shows its variables escaped. Input: template, layout and data, separated by
// lines "--".
#include <nlohmann/json.hpp>

#include "check.hpp"
#include "email/template_layout.hpp"
#include "email/template_render.hpp"
#include "runtime/error.hpp"
#include "runtime/retry_policy.hpp"
#include "sms/sms_template.hpp"
#include "sms/variable_values.hpp"

namespace {

void render(std::string_view text, std::string_view layout, const nlohmann::json& data) {
    const auto whole = coupon::laid_out(text, layout);
    for (const auto& tag : coupon::template_tags(whole)) {
        check(tag.begin < tag.end && tag.end <= whole.size());
        check(whole.compare(tag.begin, 2, "{{") == 0 && whole.compare(tag.end - 2, 2, "}}") == 0);
    }
    const auto names = coupon::template_names(whole);
    coupon::TemplateText html("fuzz", whole, coupon::TemplateText::Escape::html);
    const auto shown = html.render(coupon::mustache_data(data));
    // A template without variables shows what it says, whatever the data are.
    if (names.variables.empty() && names.optional.empty()) {
        check(shown == html.render(coupon::mustache_data(nlohmann::json::object())));
    }
}

void send(const std::string& json, const nlohmann::json& data) {
    const auto known = coupon::parse_sms_template("otp", json, "otp.json");
    const auto values = coupon::variable_values(known, data);
    check(values.size() == known.variables.size());
    for (size_t at = 0; at < values.size(); ++at) {
        const auto& value = values[at];
        check(is_storable(value) && value.find_first_of("\r\n") == std::string::npos);
        check(known.variables[at].fixed ||
              value.size() <= 4 * std::max(known.variables[at].characters_max,
                                           coupon::variable_characters_max));
    }
    check(!known.filled(values).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto input = text_of(data, size);
    const auto text = take_until(input, "\n--\n");
    const auto layout = take_until(input, "\n--\n");
    auto values = nlohmann::json::parse(input, nullptr, false);
    if (!values.is_object()) {
        values = nlohmann::json::object();
    }
    try {
        if (text.starts_with('{') && !text.starts_with("{{")) {
            send(std::string(text), values);
        } else {
            render(text, layout, values);
        }
    } catch (const coupon::TemplateError& refusal) {
        check(*refusal.what() != '\0');
    } catch (const coupon::PermanentFailure& refusal) {
        check(*refusal.what() != '\0');
    } catch (const coupon::ConfigError& refusal) {
        check(*refusal.what() != '\0');
    }
    return 0;
}
