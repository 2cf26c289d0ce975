// The worker's journal of clicks.
#pragma once

#include "conf.hpp"
#include "record_journal.hpp"

#include "core/click_record.hpp"

namespace coupon {

class ClickJournal : public RecordJournal {
public:
    ClickJournal(const MainConf& main, WorkerCounters& counters, ngx_log_t* log);

    // False: not journalled, to be counted with count_unjournaled() when it is served.
    RecordRef append(ClickRecord& click) noexcept;
};

}  // namespace coupon
