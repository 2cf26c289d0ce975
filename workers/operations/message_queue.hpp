// The two tables of messages, and the type of their ids in this database.
#pragma once

#include <array>
#include <string>

#include "runtime/pg_connection.hpp"
#include "runtime/row_id.hpp"

namespace coupon {

struct MessageQueue {
    const char* name;
    const char* table;
};

inline constexpr std::array<MessageQueue, 2> message_queues{
    {{"email", "email_queue"}, {"sms", "sms_queue"}}};

// The text as a parameter that is compared with `id`; NULL where it can be none of the table's.
inline PgParameter row_id(PgConnection& pg, const MessageQueue& queue, const std::string& text) {
    return is_row_id(text, row_id_type(pg, queue.table)) ? PgParameter(text) : PgParameter();
}

}  // namespace coupon
