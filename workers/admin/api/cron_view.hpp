// The jobs of the cron worker: api/v1/cron, …/{job}/run and …/{job}/history.
#pragma once

#include "admin/api/answers.hpp"

namespace coupon {

// Throws PgError.
Json cron_jobs(AdminResources& resources);

AdminAnswer list_cron(const AdminRequest& request, AdminResources& resources);
AdminAnswer list_cron_runs(const AdminRequest& request, AdminResources& resources);
// 202 with the run's number; 409 where one waits already.
AdminAnswer run_cron_job(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
