// Any bytes as the JSON of a stranger: the members are those that a whole tree would have.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/webhook/json_members.hpp"
#include "core/webhook/phonepe.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    coupon::phonepe_v1_payload(text);
    auto members = coupon::parse_json_members(text);
    if (!members) {
        return 0;
    }
    auto tree = nlohmann::json::parse(text, nullptr, false);
    if (!tree.is_object()) {
        abort();
    }
    size_t scalars = 0;
    for (const auto& [name, value] : tree.items())
        scalars += value.is_primitive() && !value.is_null();
    if (scalars != members->size()) {
        abort();
    }
    for (const coupon::JsonMember& member : *members) {
        const auto& value = tree.at(member.name);
        bool same = value.is_string() ? member.string && value == member.value
                                      : !member.string && nlohmann::json::parse(member.value) == value;
        if (!same) {
            abort();
        }
    }
    return 0;
}
