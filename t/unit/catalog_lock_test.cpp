// SharedLock and the redo log: what happens when an owner dies or stands still.
#include "catalog/redo_log.hpp"
#include "catalog/shared_lock.hpp"
#include "catalog_support.hpp"

namespace coupon::test {
namespace {

struct Shared {
    pthread_mutex_t lock;
    std::uint64_t taken;
    std::uint64_t inside;
};

class SharedLockTest : public testing::Test {
  protected:
    SharedMemory memory{4096};
    Shared& shared = *static_cast<Shared*>(memory.data());

    void SetUp() override { make_shared_lock(shared.lock); }

    // A child that holds the lock until it is killed.
    pid_t start_owner() {
        const pid_t owner = start_child([this] {
            SharedLock lock(shared.lock, 1000);
            store_word(shared.taken, 1);
            while (true) {
                pause();
            }
            return 0;
        });
        while (load_word(shared.taken) == 0) {
            usleep(100);
        }
        return owner;
    }
};

TEST_F(SharedLockTest, PassesOnWhenItsOwnerIsKilled) {
    const pid_t owner = start_owner();
    kill(owner, SIGKILL);
    EXPECT_EQ(wait_child(owner), -SIGKILL);
    EXPECT_TRUE(SharedLock(shared.lock, 0).held());
    EXPECT_TRUE(SharedLock(shared.lock, 0).held());
}

TEST_F(SharedLockTest, DoesNotWaitForeverForAStoppedOwner) {
    const pid_t owner = start_owner();
    EXPECT_FALSE(SharedLock(shared.lock, 3).held());
    kill(owner, SIGKILL);
    wait_child(owner);
    EXPECT_TRUE(SharedLock(shared.lock, 0).held());
}

TEST_F(SharedLockTest, LetsOneProcessInAtATime) {
    auto count = [this] {
        for (int i = 0; i < 20000; ++i) {
            SharedLock lock(shared.lock, 10'000);
            if (!lock.held()) {
                return 1;
            }
            store_word(shared.inside, load_word(shared.inside) + 1);
        }
        return 0;
    };
    const pid_t children[] = {start_child(count), start_child(count), start_child(count)};
    for (const pid_t child : children) {
        EXPECT_EQ(wait_child(child), 0);
    }
    EXPECT_EQ(shared.inside, 60000u);
}

struct RedoZone {
    RedoLog log;
    std::uint64_t words[4];
};

TEST(RedoLogTest, LaterStepsSeeEarlierOnesAndAWordHasOneStep) {
    RedoZone zone{};
    ZoneChange change(reinterpret_cast<std::byte*>(&zone), zone.log);
    change.set(zone.words[0], 7);
    change.set(zone.words[1], 8);
    change.set(zone.words[0], change.get(zone.words[0]) + 1);
    EXPECT_EQ(zone.words[0], 0u);
    EXPECT_EQ(change.get(zone.words[0]), 8u);
    EXPECT_EQ(change.get(zone.words[2]), 0u);
    change.commit();
    EXPECT_EQ(zone.words[0], 8u);
    EXPECT_EQ(zone.words[1], 8u);
    EXPECT_EQ(zone.log.count, 0u);
}

TEST(RedoLogTest, FinishesWhatWasWrittenDownAndForgetsWhatWasNot) {
    RedoZone zone{};
    auto* base = reinterpret_cast<std::byte*>(&zone);
    {
        ZoneChange change(base, zone.log);
        change.set(zone.words[3], 1);
    }
    EXPECT_FALSE(redo(base, zone.log));
    EXPECT_EQ(zone.words[3], 0u);
    {
        ZoneChange change(base, zone.log);
        change.set(zone.words[2], 5);
        change.set(zone.words[3], 6);
    }
    zone.log.count = 2;  // the last store before a death in commit()
    zone.words[2] = 5;
    EXPECT_TRUE(redo(base, zone.log));
    EXPECT_EQ(zone.words[2], 5u);
    EXPECT_EQ(zone.words[3], 6u);
    EXPECT_FALSE(redo(base, zone.log));
}

}  // namespace
}  // namespace coupon::test
