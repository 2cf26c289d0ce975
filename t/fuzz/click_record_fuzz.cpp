// Any headers of a visitor: the record fits into the promised room and is a click that workers
// take.
#include <cstdlib>
#include <vector>

#include "core/click_json.hpp"
#include "core/click_record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 3) {
        return 0;
    }
    std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
    coupon::ClickRecord record;
    record.id = *coupon::parse_uuid("01934971-927b-7898-afeb-6e96738fe9ca");
    record.offer = record.merchant = 1;
    record.flags = data[0];
    record.ua = text.substr(0, data[1] * 8u);
    record.ref = text.substr(record.ua.size());
    record.frontend_click_id = text.substr(0, data[2]);
    std::vector<char> room(click_record_max_bytes(record));
    size_t length = write_click_record(record, room.data());
    coupon::ParsedClick click;
    std::string reason;
    if (length > room.size() || !coupon::parse_click({room.data(), length}, click, reason)) {
        abort();
    }
    return 0;
}
