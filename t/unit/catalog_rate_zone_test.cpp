// RateZone: exactly the burst passes, whoever asks; other edges' requests count too.
#include "catalog/rate_zone.hpp"

#include <map>
#include <stdexcept>

#include "catalog_support.hpp"

namespace coupon::test {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kStartNs = 5000 * kSecondNs;
constexpr RateLimit kHundredAMinute{100, 600'000'000};

ClientAddress address(std::uint32_t number) {
    std::uint8_t bytes[4];
    std::memcpy(bytes, &number, sizeof bytes);
    return client_address_v4(bytes);
}

class RateZoneTest : public testing::Test {
  protected:
    SharedMemory memory{1024 * 1024};
    RateZone zone{memory.data(), memory.size()};

    int pass(RateZone& in, const ClientAddress& from, int requests, std::uint64_t now_ns = kStartNs,
             const RateLimit& limit = kHundredAMinute) {
        int passed = 0;
        for (int i = 0; i < requests; ++i) {
            passed += in.check(from, limit, now_ns).allowed ? 1 : 0;
        }
        return passed;
    }

    std::vector<RatePending> take(RateZone& in, std::uint32_t minute, std::size_t max = SIZE_MAX) {
        std::vector<RatePending> all;
        in.take_pending(minute, max, [&](const RatePending& pending) { all.push_back(pending); });
        return all;
    }
};

TEST_F(RateZoneTest, TheBurstPassesAndTheNextIsToldWhenToComeBack) {
    EXPECT_EQ(pass(zone, address(1), 100), 100);
    const Decision refused = zone.check(address(1), kHundredAMinute, kStartNs);
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.retry_after_s, 1u);
    EXPECT_EQ(pass(zone, address(1), 10, kStartNs + 599'999'999), 0);
    EXPECT_EQ(pass(zone, address(1), 10, kStartNs + 600'000'000), 1);
    EXPECT_EQ(pass(zone, address(1), 200, kStartNs + 61 * kSecondNs), 100);
}

TEST_F(RateZoneTest, AddressesAndLimitsAreCountedApart) {
    const ClientAddress v4 = *parse_client_address("10.0.0.1");
    EXPECT_EQ(pass(zone, v4, 200), 100);
    EXPECT_EQ(pass(zone, *parse_client_address("10.0.0.2"), 200), 100);
    EXPECT_EQ(pass(zone, *parse_client_address("a00:1::"), 200), 100) << "the same leading bytes";
    EXPECT_EQ(pass(zone, *parse_client_address("a00:1::5"), 200), 0) << "the same /64";
    EXPECT_EQ(pass(zone, v4, 200, kStartNs, {5, 200'000'000}), 5);
}

TEST_F(RateZoneTest, SeveralProcessesTogetherGetExactlyTheBurst) {
    SharedMemory counts(4096);
    constexpr std::uint32_t addresses = 100;
    auto hammer = [&] {
        std::uint64_t passed = 0;
        for (std::uint32_t number = 0; number < addresses; ++number) {
            passed += static_cast<std::uint64_t>(pass(zone, address(number), 150));
        }
        std::atomic_ref(counts.words()[0]).fetch_add(passed);
        return 0;
    };
    const pid_t children[] = {start_child(hammer), start_child(hammer), start_child(hammer)};
    for (const pid_t child : children) {
        EXPECT_EQ(wait_child(child), 0);
    }
    EXPECT_EQ(counts.words()[0], addresses * 100u);
}

TEST_F(RateZoneTest, KilledProcessesLeaveItWorking) {
    for (std::uint32_t round = 0; round < 100; ++round) {
        const pid_t child = start_child([&] {
            for (std::uint32_t number = 0;; ++number) {
                zone.check(address(number), kHundredAMinute, kStartNs + number);
            }
            return 0;
        });
        usleep(500);
        kill(child, SIGKILL);
        wait_child(child);
        ASSERT_EQ(pass(zone, address(0x80000000 + round), 150, kStartNs * 2), 100);
    }
}

TEST_F(RateZoneTest, AFullZoneForgetsWhoeverIsNearestToAFullRefill) {
    EXPECT_EQ(pass(zone, address(1), 100), 100);
    for (std::uint32_t number = 2; number < 100'000; ++number) {  // many more than fit
        ASSERT_TRUE(zone.check(address(number), kHundredAMinute, kStartNs).allowed);
    }
    EXPECT_GT(zone.displaced(), 0u);
    EXPECT_EQ(pass(zone, address(1), 1), 0) << "has used most, and is remembered longest";
}

TEST_F(RateZoneTest, HandsCountsOverOnce) {
    pass(zone, address(1), 30);
    pass(zone, address(2), 120);
    auto pending = take(zone, 7);
    ASSERT_EQ(pending.size(), 2u);
    std::map<std::string, std::uint32_t> counts;
    for (const RatePending& one : pending) {
        counts[to_string(one.address)] = one.count;
        EXPECT_EQ(one.limit, kHundredAMinute);
    }
    EXPECT_EQ(counts[to_string(address(1))], 30u);
    EXPECT_EQ(counts[to_string(address(2))], 100u) << "refused requests are not told";
    EXPECT_TRUE(take(zone, 7).empty());

    zone.return_pending(pending[0]);
    const auto again = take(zone, 7);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].address, pending[0].address);
    EXPECT_EQ(again[0].count, pending[0].count);
}

TEST_F(RateZoneTest, HandsOverALimitedNumberAtATime) {
    for (std::uint32_t number = 0; number < 1000; ++number) {
        zone.check(address(number), kHundredAMinute, kStartNs);
    }
    std::size_t taken = 0;
    for (int turn = 0; turn < 200 && taken < 1000; ++turn) {
        const std::size_t now = take(zone, 7, 10).size();
        EXPECT_LE(now, 10u + 3u);  // whole sets
        taken += now;
    }
    EXPECT_EQ(taken, 1000u);
    EXPECT_TRUE(take(zone, 7).empty());
}

// Two edges and a counter such as Redis keeps.
class TwoEdges : public RateZoneTest {
  protected:
    SharedMemory other_memory{1024 * 1024};
    RateZone other{other_memory.data(), other_memory.size()};
    std::map<std::string, std::uint64_t> redis;

    void exchange(RateZone& edge, std::uint32_t minute, std::uint64_t now_ns) {
        for (const RatePending& pending : take(edge, minute)) {
            std::uint64_t& total = redis[to_string(pending.address) + ":" + std::to_string(minute)];
            total += pending.count;
            edge.reconcile(pending, minute, total, now_ns);
        }
    }
};

TEST_F(TwoEdges, ShareOneLimit) {
    EXPECT_EQ(pass(zone, address(1), 60), 60);
    EXPECT_EQ(pass(other, address(1), 10), 10);
    exchange(zone, 7, kStartNs);
    exchange(other, 7, kStartNs);  // hears of the 60
    EXPECT_EQ(pass(other, address(1), 100), 30);
    exchange(other, 7, kStartNs);
    pass(zone, address(1), 1);
    exchange(zone, 7, kStartNs);  // hears of the 40
    EXPECT_EQ(pass(zone, address(1), 100), 0);
    EXPECT_EQ(pass(zone, address(1), 1000, kStartNs + 60 * kSecondNs), 100)
        << "a minute later all is refilled";
}

TEST_F(TwoEdges, CountNothingTwice) {
    for (int turn = 0; turn < 5; ++turn) {
        EXPECT_EQ(pass(zone, address(1), 10), 10);
        exchange(zone, 7, kStartNs);
        EXPECT_EQ(pass(other, address(1), 10), 10);
        exchange(other, 7, kStartNs);
    }
    EXPECT_EQ(pass(other, address(1), 10), 0);
}

TEST_F(TwoEdges, StartAnotherMinuteFromNothing) {
    pass(zone, address(1), 50);
    exchange(zone, 7, kStartNs);
    pass(zone, address(1), 10);
    exchange(zone, 8, kStartNs);
    EXPECT_EQ(pass(zone, address(1), 100), 40);
}

TEST(RateZoneAttach, KeepsTheSameLayoutAndShutsOutAFormerOne) {
    SharedMemory memory(RateZone::kMinBytes);
    RateZone first(memory.data(), memory.size());
    const RateLimit once{1, 60 * kSecondNs};
    EXPECT_TRUE(first.check(address(1), once, kStartNs).allowed);
    RateZone second(memory.data(), memory.size());
    EXPECT_FALSE(second.check(address(1), once, kStartNs).allowed);
    memory.words()[2] ^= 1;  // the layout, as another version would have left it
    RateZone third(memory.data(), memory.size());
    EXPECT_TRUE(third.check(address(1), once, kStartNs).allowed);
    EXPECT_TRUE(first.check(address(1), once, kStartNs).allowed)
        << "lets all pass, touches nothing";
    EXPECT_FALSE(third.check(address(1), once, kStartNs).allowed);
}

TEST(RateZoneAttach, RefusesTooLittleAndMisalignedMemory) {
    SharedMemory memory(1024 * 1024);
    EXPECT_THROW(RateZone(memory.data(), RateZone::kMinBytes - 1), std::invalid_argument);
    EXPECT_THROW(RateZone(static_cast<char*>(memory.data()) + 8, 512 * 1024),
                 std::invalid_argument);
}

}  // namespace
}  // namespace coupon::test
