// Any text as whom a message is for: one address or number that no rule of mail or telephony reads
// otherwise, and headers that decode to what was meant.
#include "check.hpp"
#include "core/base64.hpp"
#include "email/encoded_word.hpp"
#include "email/mail_rules.hpp"
#include "runtime/retry_policy.hpp"
#include "sms/phone_number.hpp"

namespace {

std::string decoded(std::string_view words) {
    std::string text;
    while (!words.empty()) {
        auto word = take_until(words, " ");
        check(word.size() <= 75 && word.starts_with("=?UTF-8?B?") && word.ends_with("?="));
        word.remove_prefix(10);
        word.remove_suffix(2);
        const auto part = coupon::base64_decode(word);
        check(part.has_value());
        text += *part;
    }
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto text = text_of(data, size);
    const auto header = coupon::header_text(text);
    check(is_printable(header));
    check(header == text || decoded(header) == text);
    const auto address = coupon::header_address({"user@example.com", std::string(text)});
    check(is_printable(address) && address.ends_with("user@example.com" + std::string(
                                                         address.ends_with('>') ? ">" : "")));
    if (coupon::address_fault(text).empty()) {
        check(is_printable(text) && std::count(text.begin(), text.end(), '@') == 1);
        check(text.find_first_of(" <>,;:\"()[]\\") == std::string_view::npos && size <= 254);
        const auto lower = coupon::lower_case_address(text);
        check(coupon::address_fault(lower).empty() && coupon::lower_case_address(lower) == lower);
    }
    if (coupon::link_fault(text).empty()) {
        check(text.find_first_of("<>\"\\ \r\n") == std::string_view::npos);
    }
    coupon::is_plain_name(text);
    try {
        const auto number = coupon::e164_number(text, "91");
        check(number.size() >= 9 && number.size() <= 16 && number[0] == '+' && number[1] != '0');
        check(number.find_first_not_of("0123456789", 1) == std::string::npos);
        check(coupon::e164_number(number, "91") == number && coupon::e164_number(number, "1") == number);
    } catch (const coupon::PermanentFailure& refusal) {
        const bool is_number = text.find_first_not_of("+0123456789") == std::string_view::npos;
        check(!is_number || size < 5 ||
              std::string_view(refusal.what()).find(text) == std::string_view::npos);
    }
    return 0;
}
