// email_queue or sms_queue: rows become Messages under a lease, and a whole batch of ends is
// written in one statement together with its timeline.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "messages/message.hpp"
#include "messages/message_end.hpp"
#include "runtime/job_table.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// A taken row; one whose `data` cannot be used bears the reason.
struct TakenMessage {
    Message message;
    std::string error;
};

class MessageTable {
  public:
    // email or sms.
    explicit MessageTable(const std::string& queue);

    // Of those that have an idempotency key, at most `max`, as JobTable::take(). Throws PgError.
    std::vector<TakenMessage> take(PgConnection& pg, int max, std::chrono::seconds lease) const;

    enum class Written {
        settled,
        lost,    // the row is not this worker's any more; a sent one is noted all the same
        locked,  // by somebody else for the moment: to be tried again
    };
    // What became of each, in their order: the rows of this worker in one statement together with
    // their timeline, then each sent one that is not its own any more by itself. Where a report of
    // the provider's came before, it stands: the row is completed with it. Throws PgError; some may
    // be written then, and so may they be where a commit's answer was lost: repeating is harmless.
    std::vector<Written> settle(PgConnection& pg, const std::vector<MessageEnd>& ends);

    [[nodiscard]] const std::string& name() const noexcept { return jobs_.name(); }

  private:
    void prepare_statements(PgConnection& pg);
    // False: somebody has locked the row.
    [[nodiscard]] bool note_sent(PgConnection& pg, const MessageEnd& end) const;

    const std::string queue_;
    const JobTable jobs_;
    std::string settle_sql_, locked_sql_, note_sent_sql_;  // once the type of the ids is known
};

}  // namespace coupon
