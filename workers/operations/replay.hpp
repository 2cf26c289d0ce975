// Doing again what came to an end: webhooks, messages and dead jobs. Each function sets the rows
// pending that are still as they have to be, and returns how many; what was done stays done once.
// None writes audit_logs: the caller does, in the same transaction. All throw PgError.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operations/message_queue.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// Over webhook_logs: what the edge refused was never believed, and must not be now; what is purged
// says nothing any more.
extern const char* const webhook_replayable_sql;

// webhook_events knows which effects were had.
std::int64_t replay_webhooks(PgConnection& pg, const std::vector<std::string>& ids);

// Over the tables of messages: nobody knows whether it arrived.
extern const char* const message_unknown_sql;

// As if they were new, with an event each that bears the reason. A message that may have been sent
// only where `unknown` says so: its recipient may get it again. One that was sent never.
std::int64_t replay_messages(PgConnection& pg, const MessageQueue& queue,
                             const std::vector<std::string>& ids, bool unknown,
                             const std::string& reason);

// Dead letters of outbox or cashback_jobs; `table` is a constant. The back end knows a call by its
// idempotency key, the ledger a posting by its reference.
std::int64_t replay_dead_jobs(PgConnection& pg, const std::string& table,
                              const std::vector<std::string>& ids);

}  // namespace coupon
