// A folder that a store keeps, and writers in it that are killed.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "journal_support.hpp"

namespace coupon::test {

class JournalStoreTest : public ::testing::Test {
  protected:
    void SetUp() override { given_unix_ms = 1'700'000'000'000; }

    const std::string& path() const { return folder_.path(); }

    /// A process that writes `texts`, then is killed.
    void write_and_die(const std::vector<std::string>& texts, size_t budget_segments = 8) {
        ASSERT_EQ(run_child([&] {
                      Lane lane(small_options(path(), budget_segments));
                      lane.prepare();
                      for (const std::string& text : texts) {
                          while (!append(lane.writer, text)) {
                              lane.prepare();
                          }
                      }
                      kill(getpid(), SIGKILL);
                  }),
                  -SIGKILL);
    }

    std::vector<std::string> payloads(const JournalStore& store, const AdoptedSegment& adopted) {
        std::string error;
        const SegmentIdentity& identity = adopted.file->identity();
        auto loaded = store.load(identity.id, identity.file_bytes, adopted.records, error);
        EXPECT_TRUE(loaded) << error;
        std::vector<std::string> found;
        for (uint32_t seq = 0; loaded && seq < loaded->index.records(); ++seq) {
            found.emplace_back(loaded->readable(seq) ? loaded->payload(seq) : "?");
        }
        return found;
    }

    uint64_t settled_files() const { return list_settled(path()).size(); }

    TemporaryFolder folder_;
};

inline std::vector<std::string> numbered(int count, size_t size = 20) {
    std::vector<std::string> texts;
    for (int at = 0; at < count; ++at) {
        texts.push_back(std::to_string(at) + std::string(size, '.'));
    }
    return texts;
}

}  // namespace coupon::test
