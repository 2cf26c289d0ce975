#include "webhooks/log_batch.hpp"

#include "runtime/storable_text.hpp"

namespace coupon {

LogBatch::LogBatch(RedisReply entries) : entries_(std::move(entries)) {
    rows_.reserve(entries_->elements);
    for (std::size_t i = 0; i < entries_->elements; ++i) {
        WebhookRow row;
        const bool readable = parse_webhook(entry(i), row.webhook, row.error);
        row.place = make_place(row.webhook.segment, row.webhook.seq);
        if (readable) {
            row.error.clear();
            row.id = row.webhook.id;
        }
        rows_.push_back(std::move(row));
        if (!readable) {
            fail(i, rows_.back().error.empty() ? "cannot be read" : rows_.back().error);
        } else if (rows_.back().webhook.seq && rows_.back().webhook.segment && !rows_.back().place) {
            fail(i, "seq is out of range");
        }
    }
}

void LogBatch::fail(std::size_t index, const std::string& why) {
    auto& row = rows_[index];
    row.error = storable_text(why);
    if (row.id == Uuid{}) {
        row.id = id_of_entry(row.place, entry(index));
    }
    ParsedWebhook readable;
    readable.provider = storable_text(row.webhook.provider, 64);
    readable.edge = storable_text(row.webhook.edge, 256);
    readable.request_id = storable_text(row.webhook.request_id, 256);
    row.webhook = std::move(readable);
}

}  // namespace coupon
