// Webhooks whose body is gone for good: they can be neither replayed nor verified.
#pragma once

#include "operations/webhook_filter.hpp"

namespace coupon {

// Of those that the filter selects, how many the edge accepted whose body was purged. Throws PgError,
// and CommandError as webhook_filter_values() does.
std::int64_t count_purged_webhooks(PgConnection& pg, const WebhookFilter& filter);

// "2 webhooks are purged and have no body any more".
std::string purged_webhooks_text(std::int64_t count);

}  // namespace coupon
