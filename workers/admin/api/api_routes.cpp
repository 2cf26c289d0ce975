#include "admin/api/api_routes.hpp"

#include "admin/api/audit_list.hpp"
#include "admin/api/click_accounting.hpp"
#include "admin/api/click_stats.hpp"
#include "admin/api/cron_view.hpp"
#include "admin/api/dead_actions.hpp"
#include "admin/api/dead_list.hpp"
#include "admin/api/delayed.hpp"
#include "admin/api/openapi.hpp"
#include "admin/api/queue_history.hpp"
#include "admin/api/queue_stats.hpp"
#include "admin/api/request_values.hpp"
#include "admin/api/webhooks_view.hpp"
#include "admin/api/workers_health.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

using Answer = AdminAnswer (*)(const AdminRequest& request, AdminResources& resources);

// A value that PostgreSQL cannot read came from the request: everything else is ours.
AdminHandler guarded(Answer answer) {
    return [answer](const AdminRequest& request, AdminResources& resources) {
        try {
            return answer(request, resources);
        } catch (const PgError& error) {
            if (error.is_data_error()) {
                refuse("a value of the request cannot be used");
            }
            throw;
        } catch (const CommandError& error) {
            refuse(error.what());
        }
    };
}

AdminRoute get(const char* pattern, Answer answer) {
    return {"GET", pattern, AdminRole::read_only, guarded(answer)};
}

AdminRoute post(const char* pattern, Answer answer) {
    return {"POST", pattern, AdminRole::operate, guarded(answer)};
}

AdminRoute remove(const char* pattern, Answer answer) {
    return {"DELETE", pattern, AdminRole::operate, guarded(answer)};
}

void add(std::vector<LiveSnapshot>& snapshots, const char* event, AdminResources& resources,
         Json (*look)(AdminResources& resources)) {
    try {
        snapshots.push_back({event, json_answer(look(resources)).body});
    } catch (const PgError&) {
        // Listeners keep what they had; the next look is in two seconds.
    } catch (const RedisUnavailable&) {
    }
}

}  // namespace

std::vector<AdminRoute> admin_api_routes() {
    return {get("api/v1/health/workers", answer_workers_health),
            get("api/v1/queue/stats", answer_queue_stats),
            get("api/v1/queue/history", answer_queue_history),
            get("api/v1/queue/delayed/{name}", list_delayed),
            get("api/v1/queue/dlq/{name}", list_dead_letters),
            get("api/v1/queue/dlq/{name}/{id}", show_dead_letter),
            post("api/v1/queue/dlq/{name}/retry", retry_dead_letters),
            post("api/v1/queue/dlq/{name}/{id}/retry", retry_dead_letter),
            remove("api/v1/queue/dlq/{name}", purge_dead_letters),
            remove("api/v1/queue/dlq/{name}/{id}", purge_dead_letter),
            get("api/v1/webhooks", list_webhooks_page),
            get("api/v1/webhooks/{id}", show_one_webhook),
            post("api/v1/webhooks/{id}/replay", replay_one_webhook),
            get("api/v1/cron", list_cron),
            get("api/v1/cron/{job}/history", list_cron_runs),
            post("api/v1/cron/{job}/run", run_cron_job),
            get("api/v1/clicks/accounting", answer_click_accounting),
            get("api/v1/stats", answer_click_stats),
            get("api/v1/audit", list_audit),
            get("openapi.json", answer_openapi)};
}

std::vector<LiveSnapshot> live_snapshots(AdminResources& resources) {
    std::vector<LiveSnapshot> snapshots;
    add(snapshots, "workers", resources, workers_health);
    add(snapshots, "queues", resources, queue_stats);
    add(snapshots, "accounting", resources, click_accounting);
    add(snapshots, "cron", resources, cron_jobs);
    return snapshots;
}

}  // namespace coupon
