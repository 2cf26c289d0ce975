// The e-mail and the text message that tell a customer of a fulfilled order.
#pragma once

#include <string>

#include "runtime/pg_connection.hpp"

namespace coupon {

// One row each in email_queue and sms_queue, where the order has an address or a number, and none
// where there is one already. In the caller's transaction, which stays good: the tables are the back
// end's as well, and what they refuse must not undo what was done. Why, where one was refused;
// throws PgError for what is over in a moment.
std::string queue_confirmations(PgConnection& pg, const std::string& order_id,
                                const std::string& correlation_id);

}  // namespace coupon
