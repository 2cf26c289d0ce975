// What was claimed of queue:webhooks in one go, as rows of webhook_logs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/uuid.hpp"
#include "core/webhook/record.hpp"
#include "runtime/journal_place.hpp"
#include "runtime/redis_connection.hpp"

namespace coupon {

struct WebhookRow {
    Uuid id;
    std::optional<JournalPlace> place;
    ParsedWebhook webhook;  // as far as it could be read, where there is an error
    std::string error;      // not empty: a failed row that keeps the entry as text
};

class LogBatch {
  public:
    // Takes an array reply of entries. Nothing in them can make this fail.
    explicit LogBatch(RedisReply entries);

    [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
    [[nodiscard]] const std::vector<WebhookRow>& rows() const noexcept { return rows_; }
    [[nodiscard]] std::string_view entry(std::size_t index) const noexcept {
        return reply_text(*entries_->element[index]);
    }

    // Turns a row that PostgreSQL does not take into a failed one, with texts it takes in any case.
    void fail(std::size_t row, const std::string& why);

  private:
    RedisReply entries_;
    std::vector<WebhookRow> rows_;
};

}  // namespace coupon
