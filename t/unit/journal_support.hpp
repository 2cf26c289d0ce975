// A journal folder, a given clock and child processes for the journal's tests.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "journal/store.hpp"
#include "journal/writer.hpp"

namespace coupon::test {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        const char* base = std::getenv("TMPDIR");
        path_ = std::string(base != nullptr ? base : "/tmp") + "/journal-XXXXXX";
        if (mkdtemp(path_.data()) == nullptr) {
            throw std::runtime_error("mkdtemp: " + path_);
        }
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

inline uint64_t given_unix_ms = 1'700'000'000'000;
inline uint64_t given_clock() {
    return given_unix_ms;
}

inline constexpr uint64_t kSmallSegment_bytes = 64 << 10;

inline StoreOptions small_options(const std::string& directory, size_t segments = 8) {
    StoreOptions options;
    options.directory = directory;
    options.budget_bytes = kSmallSegment_bytes * segments;
    options.segment_bytes = kSmallSegment_bytes;
    options.keep_ms = 60'000;
    options.edge = "edge-7";
    options.unix_ms = given_clock;
    return options;
}

inline std::shared_ptr<SegmentMap> open_map(const std::string& directory) {
    std::string error;
    std::string warning;
    auto map = SegmentMap::open(directory, error, warning);
    EXPECT_TRUE(map) << error;
    EXPECT_EQ(warning, "");
    return map;
}

inline std::unique_ptr<JournalStore> open_store(StoreOptions options,
                                                std::shared_ptr<SegmentMap> map) {
    std::string error;
    auto store = JournalStore::open(std::move(options), std::move(map), error);
    EXPECT_TRUE(store) << error;
    return store;
}

inline bool append(JournalWriter& writer, std::string_view text) {
    char* room = writer.reserve(text.size());
    if (room == nullptr) {
        return false;
    }
    std::memcpy(room, text.data(), text.size());
    writer.commit(text.size());
    return true;
}

/// A store with its writer and delivery, tasks done by hand.
struct Lane {
    explicit Lane(StoreOptions options, std::shared_ptr<SegmentMap> shared = nullptr)
        : map(shared ? shared : open_map(options.directory)),
          store(open_store(options, map)),
          delivery(*map, false),
          writer(*map, store->writer_slot(), delivery) {}

    void prepare() {
        auto result = store->prepare();
        ASSERT_TRUE(result.segment) << result.error << (result.full ? "full" : "");
        writer.give_spare(std::move(result.segment));
    }

    std::shared_ptr<SegmentMap> map;
    std::unique_ptr<JournalStore> store;
    Delivery delivery;
    JournalWriter writer;
};

/// Runs `body` in a child that ends without destructors, as a killed process does.
inline pid_t start_child(const std::function<void()>& body) {
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the test ends early
        body();
        _exit(0);
    }
    return child;
}

/// The exit code of a child, or minus the signal that ended it.
inline int wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

inline int run_child(const std::function<void()>& body) {
    return wait_for(start_child(body));
}

/// Overwrites bytes of a file in place.
inline void damage(const std::string& path, size_t at, std::string_view bytes) {
    int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(fd, 0) << path;
    EXPECT_EQ(pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)),
              static_cast<ssize_t>(bytes.size()));
    close(fd);
}

inline std::vector<SegmentName> live_files(const std::string& directory) {
    std::vector<SegmentName> found;
    for (const Uuid& owner : list_owners(directory)) {
        for (SegmentName& name : list_writer(directory, owner)) {
            found.push_back(std::move(name));
        }
    }
    return found;
}

inline SeqRanges up_to(uint64_t end) {
    SeqRanges ranges;
    ranges.add(0, end);
    return ranges;
}

}  // namespace coupon::test
