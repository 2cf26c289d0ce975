#include "cron/jobs/retention_settings.hpp"

#include <unistd.h>

#include <filesystem>

#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/number_setting.hpp"

namespace coupon {
namespace {

constexpr int days_max = 36'500;

std::string configured_archive() {
    auto folder = environment_value("ARCHIVE_DIR").value_or("");
    while (folder.size() > 1 && folder.back() == '/') {
        folder.pop_back();
    }
    if (!folder.empty() &&
        (!std::filesystem::is_directory(folder) || ::access(folder.c_str(), W_OK | X_OK) != 0)) {
        throw ConfigError("ARCHIVE_DIR is no folder that this worker may write into");
    }
    return folder;
}

}  // namespace

RetentionSettings configured_retention() {
    return {configured_archive(),
            number_setting("AUDIT_LOG_DAYS", 90, 1, days_max),
            number_setting("WEBHOOK_LOG_DAYS", 30, 1, days_max),
            number_setting("DEAD_DAYS", 180, 1, days_max),
            number_setting("MESSAGE_DATA_DAYS", 30, 1, days_max),
            number_setting("MESSAGE_PII_DAYS", 90, 1, days_max),
            number_setting("CLICK_PII_DAYS", 90, 1, days_max),
            number_setting("CLICK_RETENTION_MONTHS", 0, 0, 1200),
            number_setting("ATTRIBUTION_DAYS", 30, 1, 3650)};
}

}  // namespace coupon
