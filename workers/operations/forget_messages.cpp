#include "operations/forget_messages.hpp"

namespace coupon {

const char* const message_known_sql = "\"to\"::text NOT LIKE 'gone:%'";

const char* const forget_message_set =
    "\"to\" = coupon_forgotten_recipient(id::text, \"to\"::text), data = '{}', raw = NULL,"
    " last_error = NULL, idempotency_key = coupon_key_digest(idempotency_key::text)";

std::string forget_messages_sql(const std::string& table, const std::string& condition) {
    return "UPDATE " + table +
           " SET " + forget_message_set + " WHERE ctid = ANY (ARRAY(SELECT ctid FROM " +
           table + " WHERE " + condition + " AND " + message_known_sql +
           " LIMIT $2::bigint FOR UPDATE SKIP LOCKED))";
}

}  // namespace coupon
