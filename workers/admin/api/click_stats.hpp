// Clicks by day and device, and what is clicked most: api/v1/stats.
#pragma once

#include "admin/api/answers.hpp"

namespace coupon {

// Counts offer_clicks, at most 92 days of it and for at most 20 s; the answer is kept for a while,
// so that a page that is looked at by many costs as if by one. Throws AdminError 503 while another
// request counts the same for the first time, and where counting takes too long.
AdminAnswer answer_click_stats(const AdminRequest& request, AdminResources& resources);

}  // namespace coupon
