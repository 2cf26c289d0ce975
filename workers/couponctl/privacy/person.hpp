// Whose data it is about.
#pragma once

#include <string>

#include "runtime/pg_connection.hpp"

namespace coupon {

// The id of the user with that id, e-mail address or number with its country's code. Throws CommandError where there is none,
// or where several have it; PgError.
std::string find_user(PgConnection& pg, const std::string& who);

// SQL over $1::bigint, a user's id: his address in lower case, and the digits of his number, as
// email_queue_to and sms_queue_to have them.
extern const char* const user_email_sql;
extern const char* const user_phone_sql;

// Whether the text is the user's number: the same digits, the country's among them; what names no country
// is of SMS_COUNTRY_CODE. user_phone_sql finds candidates for it. Throws ConfigError, as all that use it.
std::string phone_of_user_sql(const std::string& text);

// Texts by which a document is known to be the user's: his payments' ids at their gateways, addresses and
// numbers as they may be written, in lower case where that does not matter.
std::string marks_of_user_sql();

// Whether a finished webhook (alias a of webhook_logs) is the user's by its payment, or since its body
// holds one of the marks as a word.
std::string webhook_names_user_sql();

// Whether a message's row is the user's ($1::bigint): sent to him, or the confirmation of an order of
// his, wherever that was sent. `table` is email_queue or sms_queue.
std::string message_of_user_sql(const std::string& table);

// Whether a webhook's row (its id is what is compared) tells of a payment of the user's ($1::bigint).
extern const char* const webhook_of_user_sql;

// Whether an entry of audit_logs (alias a) names the user ($1::bigint).
extern const char* const audit_of_user_sql;

}  // namespace coupon
