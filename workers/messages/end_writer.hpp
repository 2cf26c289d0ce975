// Keeps what became of messages until PostgreSQL has it, and writes it a batch at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "messages/message_table.hpp"
#include "messages/postgres_pause.hpp"
#include "runtime/log.hpp"

namespace coupon {

class EndWriter {
  public:
    // `written` is called for each end that is dealt with; `lost`: the row was another worker's by
    // then.
    EndWriter(MessageTable& table, PgConnection& pg, PostgresPause& pause, const Log& log,
              std::function<void(const MessageEnd& end, bool lost)> written)
        : table_(table), pg_(pg), pause_(pause), log_(log), written_(std::move(written)) {}

    void add(MessageEnd end) { waiting_.push_back(std::move(end)); }
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
    // Something waits because PostgreSQL failed, not because of a locked row.
    [[nodiscard]] bool has_failed() const noexcept { return failed_ && !waiting_.empty(); }
    // When write() is worth calling.
    [[nodiscard]] PostgresPause::Clock::time_point next() const noexcept;

    // Writes what waits, unless it is too early after a failure. What PostgreSQL does not take for
    // the moment waits on; a single row that it refuses is written without its texts, or left to
    // its lease.
    void write();

  private:
    void write_batch(std::vector<MessageEnd> ends);
    void write_refused(MessageEnd end, const PgError& error);

    MessageTable& table_;
    PgConnection& pg_;
    PostgresPause& pause_;
    const Log& log_;
    const std::function<void(const MessageEnd&, bool)> written_;
    std::vector<MessageEnd> waiting_;
    PostgresPause::Clock::time_point locked_until_{};
    bool failed_ = false;  // the last time something was to be written
};

}  // namespace coupon
