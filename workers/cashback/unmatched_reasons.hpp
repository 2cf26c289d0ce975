// Why nothing is credited for a transaction, where more than one place must know the words.
#pragma once

#include <string>

namespace coupon::reasons {

// These stay as they are whatever the shop stores later.
inline const std::string no_sub_id = "there is no sub-id";
inline const std::string wrong_tag = "the click id's tag is wrong";
inline const std::string bot = "the click is a bot's";
inline const std::string credited_before = "credited before the ledger, as ";

// These are the shop's to heal, whenever the purchase was.
inline const std::string no_rate = "there is no rate from ";
inline const std::string no_rule = "no rule of the merchant's is valid for it";
inline const std::string maybe_credited_before =
    "may have been credited before the ledger, as cashback event ";

}  // namespace coupon::reasons
