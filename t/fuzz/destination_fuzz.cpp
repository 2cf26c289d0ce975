// Any template, and any bytes as a program: a compiled one expands to a URL of the checked host
// that a header can hold, a damaged one is refused within its room.
#include <algorithm>
#include <vector>

#include "check.hpp"
#include "core/destination.hpp"

namespace {

std::string expanded(std::string_view program, std::string_view country) {
    coupon::MacroValues values{"01934971-927b-7898-afeb-6e96738fe9ca", 42, coupon::Device::mobile,
                               country, 1732104000};
    std::vector<char> room(coupon::expanded_max_bytes(program, values));
    return {room.data(), coupon::expand_destination(program, values, room.data())};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string any = expanded(text, "IN");
    bool control = std::any_of(any.begin(), any.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    check(any.empty() || control != coupon::valid_program(text));
    coupon::program_macros(text);

    coupon::OfferSource source;
    size_t line = text.find('\n');
    source.affiliate_url = text.substr(0, line);
    if (line != std::string_view::npos) {
        source.subid_param = source.affiliate_id = text.substr(line + 1);
    }
    coupon::CompileResult compiled = coupon::compile_destination(source);
    check(compiled.ok == compiled.reason.empty());
    if (!compiled.ok) {
        return 0;
    }
    check(coupon::valid_program(compiled.program));
    std::string url = expanded(compiled.program, source.affiliate_id);
    check(url.starts_with("http://") || url.starts_with("https://"));
    for (char c : url) {
        check(c > 0x20 && c < 0x7f && c != '\\' && c != '{' && c != '}');
    }
    // The text in front of the path depends on nothing that a visitor brings.
    std::string other = expanded(compiled.program, "?");
    size_t path = url.find('/', 8);
    check(path != std::string::npos && url.substr(0, path + 1) == other.substr(0, path + 1));
    check(url.find_first_of("@%", 0) > path);
    return 0;
}
