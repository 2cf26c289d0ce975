// The top level of a small JSON object from a stranger, without building a tree.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

struct JsonMember {
    std::string name;
    std::string value;    // a string decoded, a number or boolean as its text
    bool string = false;  // it was a string
};

inline constexpr size_t kJsonDepthMax = 32;
inline constexpr size_t kJsonMembersMax = 1000;

/// The members whose value is a string, number or boolean, in their order; null, objects and arrays
/// are left out. Nothing when the text is no JSON object, is nested deeper than kJsonDepthMax, has
/// more than kJsonMembersMax members or one of its names twice.
std::optional<std::vector<JsonMember>> parse_json_members(std::string_view json);

/// The value of a member that is a string; null otherwise.
const std::string* string_member(const std::vector<JsonMember>& members,
                                 std::string_view name) noexcept;

}  // namespace coupon
