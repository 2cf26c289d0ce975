// The queues that have dead letters, and where these are.
#pragma once

#include <string>

#include "admin/api/answers.hpp"
#include "operations/message_queue.hpp"

namespace coupon {

// All members are SQL over the table, and constants.
struct DeadQueue {
    const char* name;
    const char* table;
    const char* where;           // which of the rows are dead letters
    const char* type;            // a text
    const char* to;              // for whom; a text
    const char* attempts;        // a number
    const char* error;           // a text
    const char* correlation_id;  // a text
    const char* failed_at;       // a time
    const char* data;            // jsonb or NULL
    const char* raw;             // the entry, where it could not be understood; a text
    const char* may_retry;       // which of them can be done again; empty: none of them
    const char* unknown;  // which of them may have been sent; "false": there is no such thing
    const MessageQueue* messages;  // null where it is none of both
};

// Throws AdminError 404 for any other name.
const DeadQueue& dead_queue(const std::string& name);

// " FROM table WHERE …" of all dead letters that match $1, a pattern of LIKE or NULL.
std::string dead_letters_sql(const DeadQueue& queue);

// Whether the text can be an id of the table; what cannot finds nothing. Throws PgError.
bool is_dead_id(PgConnection& pg, const DeadQueue& queue, const std::string& id);

}  // namespace coupon
