// Any bytes as an entry of queue:clicks: accepted or refused with a reason, and what is accepted
// can be written as a record that reads back equal.
#include <cstdlib>
#include <vector>

#include "core/click_json.hpp"
#include "core/click_record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    coupon::ParsedClick click;
    std::string reason;
    bool parsed = coupon::parse_click({reinterpret_cast<const char*>(data), size}, click, reason);
    if (parsed != reason.empty()) {
        abort();
    }
    if (!parsed) {
        return 0;
    }
    coupon::ClickRecord record;
    record.id = click.id;
    record.offer = click.offer;
    record.ua = click.ua;
    record.ref = click.ref;
    record.edge = click.edge;
    record.frontend_click_id = click.frontend_click_id;
    record.merchant = 1;
    std::vector<char> room(click_record_max_bytes(record));
    size_t length = write_click_record(record, room.data());
    coupon::ParsedClick again;
    if (!coupon::parse_click({room.data(), length}, again, reason) || again.id != click.id ||
        again.offer != click.offer || again.ua != click.ua || again.ref != click.ref ||
        again.edge != click.edge || again.frontend_click_id != click.frontend_click_id) {
        abort();
    }
    return 0;
}
