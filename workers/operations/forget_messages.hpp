// What is left of a message that forgets whom it was for: enough to be counted, and not to be sent
// again.
#pragma once

#include <string>

namespace coupon {

// Rows of a queue's table that still name their recipient.
extern const char* const message_known_sql;

// What such a row's UPDATE sets, for one who waits for locked rows.
extern const char* const forget_message_set;

// An UPDATE of up to $2 rows of the table for which the condition (over its columns and $1) holds,
// those that are locked left out. Recipient, data, text and error go; the key's digest stays, by
// which the same message queued again is known. `condition` is ours, never from outside.
std::string forget_messages_sql(const std::string& table, const std::string& condition);

}  // namespace coupon
