// Doing dead letters again and throwing them away: POST …/dlq/{name}/retry, DELETE …/dlq/{name} and
// the same for one. What is done and its row of audit_logs are one transaction.
#pragma once

#include "admin/api/answers.hpp"

namespace coupon {

// {"reason"}; {"unknown": true} also for a message that may have been sent already.
AdminAnswer retry_dead_letter(const AdminRequest& request, AdminResources& resources);
AdminAnswer purge_dead_letter(const AdminRequest& request, AdminResources& resources);

// {"ids","reason"}, or {"all": true, "q", "confirm": n, "reason"}: 409 where it is another number
// by then; {"all": true, "q", "dry_run": true} only counts.
AdminAnswer retry_dead_letters(const AdminRequest& request, AdminResources& resources);
AdminAnswer purge_dead_letters(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
