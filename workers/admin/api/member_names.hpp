// What a member of a JSON object holds, as far as its name tells.
#pragma once

#include <string_view>

namespace coupon {

enum class MemberKind {
    secret,    // lets somebody act in a person's place or spend their money
    contact,   // an e-mail address or a number
    address,   // of a machine
    personal,  // names, places, accounts; with all that is below it
    harmless,  // ids, amounts, times, states
    unknown,   // everything else, such as free text
};

// Of order_id, orderId and X-Order-Id alike.
MemberKind kind_of_member(std::string_view name);

// A message whose data is a secret whatever its members are called.
bool is_secretive_type(std::string_view type);

}  // namespace coupon
