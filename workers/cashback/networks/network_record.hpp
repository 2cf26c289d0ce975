// From one record of a network, as it stands in the page, to a transaction: what can be read, and a
// sentence for what cannot.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cashback/networks/field_map.hpp"
#include "cashback/networks/network.hpp"
#include "runtime/time_zone.hpp"

namespace coupon {

struct NetworkStatus {
    NetworkState state = NetworkState::pending;
    bool known = true;
};

struct RecordRules {
    FieldMap fields;
    TimeZone zone;         // of times that name none
    std::string currency;  // of records that name none; empty: each has to
    // What the network's word means, given in lower case with '_' for blanks, and the record.
    std::function<NetworkStatus(const std::string& word, const nlohmann::json& record)> status;
};

// A word that nobody told us of: it counts as pending.
inline constexpr NetworkStatus unknown_status{NetworkState::pending, false};

NetworkTransaction read_record(std::string_view record, const RecordRules& rules);

std::vector<NetworkTransaction> read_records(const std::vector<std::string_view>& records,
                                             const RecordRules& rules);

}  // namespace coupon
