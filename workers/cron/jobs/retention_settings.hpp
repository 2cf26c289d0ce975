// How long things are kept.
#pragma once

#include <string>

namespace coupon {

struct RetentionSettings {
    std::string archive_folder;  // ARCHIVE_DIR; empty: nothing that would go there is deleted
    int audit_log_days;          // AUDIT_LOG_DAYS, 90
    int webhook_log_days;        // WEBHOOK_LOG_DAYS, 30
    int dead_days;               // DEAD_DAYS, 180
    int message_data_days;       // MESSAGE_DATA_DAYS, 30
    int message_pii_days;        // MESSAGE_PII_DAYS, 90
    int click_pii_days;          // CLICK_PII_DAYS, 90
    int click_months;            // CLICK_RETENTION_MONTHS; 0: for ever
    int attribution_days;        // ATTRIBUTION_DAYS, 30
};

// Throws ConfigError.
RetentionSettings configured_retention();

}  // namespace coupon
