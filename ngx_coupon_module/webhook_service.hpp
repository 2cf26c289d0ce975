// What one worker needs for webhooks, beside what it needs for redirects.
#pragma once

#include "body_budget.hpp"
#include "conf.hpp"
#include "queue_delivery.hpp"
#include "stats.hpp"
#include "webhook_journal.hpp"

#include "core/click_id.hpp"

namespace coupon {

class WebhookService {
public:
    // All must outlive this.
    WebhookService(const MainConf& main, EdgeStats& stats, WorkerCounters& counters, ngx_log_t* log);

    WebhookJournal& journal() noexcept { return journal_; }
    const WebhookJournal& journal() const noexcept { return journal_; }
    bool ready() const noexcept { return delivery_.ready(); }  // connected to Redis
    BodyBudget& bodies() noexcept { return bodies_; }
    Uuid make_id(uint64_t now_ms) noexcept { return ids_.make(now_ms); }

    void every_second();
    void refresh_gauges(WorkerGauges& gauges) const noexcept;

private:
    WebhookJournal journal_;
    QueueDelivery delivery_;  // with a connection of its own: large bodies must not delay clicks
    ClickIdMaker ids_;
    BodyBudget bodies_;
};

// True where webhooks have to be delivered: some location takes them, or the journal still holds some.
bool needs_webhook_service(const MainConf& main);

}  // namespace coupon
