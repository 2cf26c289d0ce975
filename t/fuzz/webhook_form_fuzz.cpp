// Any bytes as a form: written again and read again it says the same, and the ways to write a URL
// stay few.
#include <cstdlib>

#include "core/percent.hpp"
#include "core/webhook/form.hpp"
#include "core/webhook/sslcommerz.hpp"
#include "core/webhook/twilio_url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    size_t line = text.find('\n');
    auto urls = coupon::twilio_urls(text.substr(0, line),
                                    line == std::string_view::npos ? "" : text.substr(line + 1));
    if (urls.empty() || urls.size() > 6) {
        abort();
    }
    auto fields = coupon::parse_form(text);
    if (!fields) {
        return 0;
    }
    std::string again;
    for (const coupon::FormField& field : *fields) {
        again += again.empty() ? "" : "&";
        again += coupon::percent_encoded(field.name) + "=" + coupon::percent_encoded(field.value);
    }
    if (coupon::parse_form(again) != fields) {
        abort();
    }
    auto chosen = coupon::sslcommerz_signed_fields(text);
    if (chosen != coupon::sslcommerz_signed_fields(again)) {
        abort();
    }
    for (size_t at = 1; chosen && at < chosen->size(); ++at) {
        if ((*chosen)[at - 1].name >= (*chosen)[at].name) {
            abort();
        }
    }
    return 0;
}
