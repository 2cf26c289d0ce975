// Which webhooks are listed, or acted upon.
#pragma once

#include <string>
#include <vector>

#include "runtime/pg_connection.hpp"

namespace coupon {

struct WebhookFilter {
    std::string id;        // one of them; empty: by the rest
    std::string provider;  // empty: any
    std::string status;    // pending, processing, completed, failed
    std::string outcome;   // applied, duplicate, …
    std::string since;     // "2h", "3d": not older; or a time as PostgreSQL reads it
    int limit = 50;

    [[nodiscard]] bool selects_all() const {
        return id.empty() && provider.empty() && status.empty() && outcome.empty() && since.empty();
    }
};

// " WHERE …" over webhook_logs with $1 … $6, and their values.
extern const char* const webhook_filter_sql;
// Throws CommandError for an id or a duration that is none.
std::vector<PgParameter> webhook_filter_values(const WebhookFilter& filter);

}  // namespace coupon
