#include "couponctl/purged_webhooks.hpp"

namespace coupon {

std::int64_t count_purged_webhooks(PgConnection& pg, const WebhookFilter& filter) {
    // An accepted webhook always has a body, if an empty one; what the edge refused never had one.
    const auto sql = std::string("SELECT count(*) FROM webhook_logs") + webhook_filter_sql +
                     " AND verdict = 'accepted' AND body IS NULL";
    return pg.execute(sql.c_str(), webhook_filter_values(filter)).number(0, 0);
}

std::string purged_webhooks_text(std::int64_t count) {
    return std::to_string(count) + (count == 1 ? " webhook is purged and has no body any more"
                                               : " webhooks are purged and have no body any more");
}

}  // namespace coupon
