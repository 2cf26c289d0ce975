// Any entry of queue:clicks on its way into COPY: the row has exactly its columns, each as long as
// it says, and texts and addresses as PostgreSQL takes them.
#include <optional>

#include "check.hpp"
#include "clicks/copy_row.hpp"
#include "core/click_id.hpp"
#include "core/click_json.hpp"

namespace {

uint64_t take_number(std::string_view& row, int bytes) {
    uint64_t number = 0;
    check(row.size() >= static_cast<size_t>(bytes));
    for (int at = 0; at < bytes; ++at) {
        number = number << 8 | take_byte(row);
    }
    return number;
}

/// Nothing for NULL.
std::optional<std::string_view> take_value(std::string_view& row) {
    const auto bytes = take_number(row, 4);
    if (bytes == 0xffffffff) {
        return std::nullopt;
    }
    check(bytes <= row.size());
    const auto value = row.substr(0, bytes);
    row.remove_prefix(bytes);
    return value;
}

void check_array(std::string_view array, const std::vector<std::string>& expected) {
    const auto dimensions = take_number(array, 4);
    check(dimensions == (expected.empty() ? 0 : 1) && take_number(array, 4) == 0 &&
          take_number(array, 4) == 25);
    if (!expected.empty()) {
        check(take_number(array, 4) == expected.size() && take_number(array, 4) == 1);
    }
    for (const auto& text : expected) {
        check(take_value(array) == text);
    }
    check(array.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    coupon::ParsedClick click;
    std::string reason;
    coupon::parse_click(text_of(data, size), click, reason);
    for (const auto* text : {&click.ua, &click.ref, &click.frontend_click_id, &click.edge,
                             &click.request_id, &click.ip}) {
        check(is_storable(*text) && text->find('\0') == std::string::npos);
    }
    std::string out;
    coupon::CopyRow row(out);
    row.begin(6);
    row.inet(click.ip);
    row.optional_text(click.ua);
    row.text_array(click.flags);
    row.uuid(click.id);
    row.bigint(click.offer);
    row.timestamp_ms(coupon::click_id_ms(click.id));

    std::string_view left(out);
    check(take_number(left, 2) == 6);
    if (const auto address = take_value(left)) {
        check(address->size() == 8 || address->size() == 20);
    } else {
        check(click.ip.empty());
    }
    check(take_value(left).value_or("") == click.ua);
    const auto flags = take_value(left);
    check(flags.has_value());
    check_array(*flags, click.flags);
    check(take_value(left)->size() == 16);
    auto offer = *take_value(left);
    check(take_number(offer, 8) == static_cast<uint64_t>(click.offer));
    check(take_value(left)->size() == 8 && left.empty());
    return 0;
}
