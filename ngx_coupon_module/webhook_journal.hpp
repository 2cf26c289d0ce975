// The worker's journal of webhooks: always synced before a 2xx, with a byte budget of its own.
#pragma once

#include "conf.hpp"
#include "record_journal.hpp"

#include "core/webhook/record.hpp"

namespace coupon {

class WebhookJournal : public RecordJournal {
public:
    WebhookJournal(const MainConf& main, WorkerCounters& counters, ngx_log_t* log);

    // False: the budget is full, the disk fails, or the journal is not open.
    RecordRef append(WebhookRecord& webhook) noexcept;

    // False: no segment is large enough for it.
    bool can_ever_fit(const WebhookRecord& webhook) const noexcept;

    // What was refused may not take the last fifth of the budget from what is accepted.
    bool has_room_for_refused() const noexcept;
};

}  // namespace coupon
