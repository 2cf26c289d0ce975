// Any bytes inside a JSON string: what is written is read back by another parser as the same text,
// with U+FFFD for what is no UTF-8 and for U+0000.
#include <nlohmann/json.hpp>
#include <vector>

#include "check.hpp"
#include "core/base64.hpp"
#include "core/json_text.hpp"
#include "core/percent.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto bytes = text_of(data, size);
    std::vector<char> room(coupon::json_escaped_max(size) + 2);
    char* end = coupon::append_json_string(room.data() + 1, bytes);
    check(end <= room.data() + room.size() - 1);
    room.front() = *end = '"';
    const auto read = nlohmann::json::parse(room.data(), end + 1, nullptr, false);
    check(read.is_string());
    const auto& text = read.get_ref<const std::string&>();
    check(is_storable(text) && text.find('\0') == std::string::npos);
    if (is_storable(bytes)) {
        std::string same(bytes);
        coupon::replace_nul(same);
        check(text == same);
    }

    const size_t most = size == 0 ? 0 : data[0];
    const auto prefix = coupon::utf8_prefix(bytes, most);
    check(prefix.size() <= most && bytes.starts_with(prefix));
    check(!is_storable(bytes) || (is_storable(prefix) && prefix.size() + 4 > std::min(size, most)));
    // A loop over the prefixes comes to its end.
    check(most < 4 || size == 0 || !prefix.empty());

    check(coupon::base64_decode(coupon::base64_encode(bytes)) == bytes);
    check(coupon::base64url_decode(coupon::base64url_encode(bytes)) == bytes);
    if (const auto decoded = coupon::base64_decode(bytes)) {
        check(coupon::base64_encode(*decoded) == bytes);
    }
    if (const auto decoded = coupon::base64url_decode(bytes)) {
        check(coupon::base64url_encode(*decoded) == bytes);
    }
    check(coupon::percent_encoded(bytes).size() <= coupon::percent_encoded_max(size));
    return 0;
}
