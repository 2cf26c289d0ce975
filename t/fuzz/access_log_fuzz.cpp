// Any line of an access log: what is taken for a click id is a version 7 UUID that stands there, and
// the line says the same inside the object of a log shipper.
#include <nlohmann/json.hpp>

#include "check.hpp"
#include "core/webhook/ascii.hpp"
#include "couponctl/access_log.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto line = text_of(data, size);
    const auto found = coupon::read_logged_line(line);
    check(found.ids.size() <= size / 32);
    const auto lower = coupon::to_ascii_lower(line);
    const auto object = line.starts_with('{') ? nlohmann::json::parse(line, nullptr, false)
                                              : nlohmann::json(nlohmann::json::value_t::discarded);
    for (const auto& id : found.ids) {
        check(id.bytes[6] >> 4 == 7 && id.bytes[8] >> 6 == 2);
        check(object.is_object() || lower.find(to_string(id)) != std::string::npos);
    }
    if (object.is_object()) {
        const auto wrapped = nlohmann::json{{"log", object}}.dump();
        const auto again = coupon::read_logged_line(wrapped);
        check(again.ids == found.ids && again.unjournaled == found.unjournaled);
    }
    return 0;
}
