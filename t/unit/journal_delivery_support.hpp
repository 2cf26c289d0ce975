// A worker's journal and what of it is due to be sent, by a given clock.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "journal/delivery.hpp"
#include "journal_support.hpp"

namespace coupon::test {

inline constexpr uint64_t kMinute_ms = 60'000;

class JournalDelivery : public ::testing::Test {
  protected:
    void SetUp() override {
        given_unix_ms = 1'700'000'000'000;
        lane_.prepare();
        delivery_.on_epoch(1);
    }

    void append_many(int count, size_t size = 20) {
        for (int at = 0; at < count; ++at) {
            std::string text = std::to_string(next_++);
            text.resize(std::max(size, text.size()), '.');
            while (!append(lane_.writer, text)) {
                lane_.prepare();
            }
        }
    }

    /// Sends everything that is due, one batch after the other; what was sent, by number.
    std::vector<int> send_all(uint64_t now_ms, size_t records_max = 1000) {
        std::vector<int> sent;
        while (true) {
            SendBatch batch = delivery_.next_batch(records_max, 1 << 20);
            if (batch.records.empty()) {
                return sent;
            }
            for (std::string_view record : batch.records) {
                sent.push_back(std::atoi(std::string(record).c_str()));
            }
            delivery_.on_sent(batch.token, now_ms);
        }
    }

    void settle(const DeliverySegment& segment, const char* ranges) {
        lane_.map->publish_settled(segment.file->slot(), segment.id(), *SeqRanges::parse(ranges));
    }

    /// The leader has just read all settlements.
    void tick(uint64_t now_ms, bool queue_empty = false) {
        delivery_.tick({now_ms, given_unix_ms, queue_empty, now_ms});
    }

    DeliverySegment& first() { return delivery_.segments().front(); }
    DeliverySegment& last() { return delivery_.segments().back(); }

    /// Does the work of threads.
    void do_tasks(uint64_t now_ms) {
        std::string error;
        while (auto request = delivery_.take_load(now_ms)) {
            delivery_.finish_load(
                request->segment,
                lane_.store->load(request->segment, request->file_bytes, request->records, error),
                now_ms);
        }
        while (auto retired = delivery_.take_retired()) {
            EXPECT_TRUE(lane_.store->retire(retired->identity().id, retired->slot(), true, error));
        }
        delivery_.take_discarded();
    }

    TemporaryFolder folder_;
    Lane lane_{small_options(folder_.path(), 1000)};
    Delivery& delivery_ = lane_.delivery;
    int next_ = 0;
};

inline std::vector<int> range(int begin, int end) {
    std::vector<int> numbers;
    for (int at = begin; at < end; ++at) {
        numbers.push_back(at);
    }
    return numbers;
}

inline std::vector<int> joined(std::vector<int> left, const std::vector<int>& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

}  // namespace coupon::test
