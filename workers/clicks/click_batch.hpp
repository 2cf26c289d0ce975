// What was claimed in one go, parsed: rows ready for COPY, and rejects with their reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/click_json.hpp"
#include "core/uuid.hpp"
#include "runtime/journal_place.hpp"
#include "runtime/redis_connection.hpp"

namespace coupon {

struct ClickRow {
    std::size_t entry;       // index of the claimed entry
    std::size_t copy_begin;  // its row inside ClickBatch::copy_rows
    std::size_t copy_end;
    std::optional<JournalPlace> place;
    std::string edge;
};

struct RejectedClick {
    std::size_t entry;
    std::string reason;
    std::optional<JournalPlace> place;
    std::optional<Uuid> click_id;
    std::string edge;  // storable text
    std::string request_id;
};

class ClickBatch {
  public:
    // Takes an array reply of entries. Nothing in them can make this fail: what is no click becomes
    // a reject.
    explicit ClickBatch(RedisReply entries);

    [[nodiscard]] std::size_t size() const noexcept { return entries_->elements; }
    [[nodiscard]] std::string_view entry(std::size_t index) const noexcept {
        return reply_text(*entries_->element[index]);
    }
    [[nodiscard]] const std::vector<ClickRow>& rows() const noexcept { return rows_; }
    [[nodiscard]] const std::vector<RejectedClick>& rejects() const noexcept { return rejects_; }

    // The rows [first, last) in COPY format, without header and trailer.
    [[nodiscard]] std::string_view copy_rows(std::size_t first, std::size_t last) const noexcept;

    // A row that PostgreSQL refused, as a reject.
    [[nodiscard]] RejectedClick rejected(const ClickRow& row, std::string reason) const;

  private:
    void add_row(std::size_t entry, const ParsedClick& click);
    void add_reject(std::size_t entry, const ParsedClick& click, std::string reason);

    RedisReply entries_;
    std::string copy_rows_;
    std::vector<ClickRow> rows_;
    std::vector<RejectedClick> rejects_;
};

}  // namespace coupon
