// Reading click records back, for the workers. What comes out fits into PostgreSQL's columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/device.hpp"
#include "core/uuid.hpp"

namespace coupon {

struct ParsedClick {
    Uuid id;  // version 7; clicked_at is its millisecond
    std::optional<uint64_t> ts_ms;
    int64_t offer = 0;
    std::optional<int64_t> merchant;
    std::optional<Uuid> offer_uuid;
    std::optional<int64_t> user;
    std::string ip;  // the text of an address, or empty
    std::string ua;
    std::string ref;
    std::optional<Device> device;
    std::vector<std::string> flags;  // lower-case names
    std::string frontend_click_id;   // empty when it is not 1–64 bytes of printable ASCII
    std::string request_id;
    std::string edge;
    std::optional<Uuid> segment;  // both or neither: clicks that no edge's journal holds have none
    std::optional<uint64_t> seq;
};

/// Parses one record, whatever the object held before. False with a one-clause reason when the text
/// is not a JSON object of version 1 with a usable id and offer, or a known member has another
/// type. Unknown members are ignored. A record that is JSON but not usable is read to its end, so
/// that segment and seq account for the reject.
bool parse_click(std::string_view json, ParsedClick& click, std::string& reason);

}  // namespace coupon
