// Fills a zone with offers, changes them, writes the snapshot and loads it into a fresh zone; prints
// one JSON object. bench_catalog ZONE_BYTES OFFERS CHANGES SNAPSHOT_FILE
#include <sys/mman.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "catalog/snapshot.hpp"
#include "changes.hpp"
#include "offers.hpp"

using namespace coupon;
using namespace bench;

namespace {

class Seconds {
public:
    double passed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

// As NGINX maps a zone; never given back, the program is short.
void* zone_memory(size_t bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::bad_alloc();
    }
    return memory;
}

void fill(CatalogZone& zone, uint64_t offers) {
    const uint32_t generation = zone.begin_full_load();
    double put_s = 0;
    double destination_bytes = 0;
    for (uint64_t offer = 0; offer < offers; ++offer) {
        const std::string entry = offer_entry(offer, 0);
        destination_bytes += kDestinationMin_bytes + static_cast<double>(scramble(offer * 1'000'003) % kDestinationLengths);
        const double start = thread_cpu_s();
        if (zone.put(offer_uuid(offer), entry, generation) != PutResult::stored) {
            throw std::runtime_error("the zone refused an offer");
        }
        put_s += thread_cpu_s() - start;
    }
    zone.finish_full_load(1, 1, 1);
    const CatalogStats stats = zone.stats();
    std::printf("\"entries\": %lu, \"evictions\": %lu, \"cells\": %lu, \"free_cells\": %lu, \"put_s\": %.3f,"
                " \"destination_bytes\": %.1f, ",
                stats.entries, stats.evictions, stats.cells, stats.free_cells, put_s,
                destination_bytes / static_cast<double>(offers));
}

void change(CatalogZone& zone, uint64_t offers, uint64_t count) {
    const Changes changes = change_many(zone, offers, count);
    std::printf("\"changes\": %lu, \"change_s\": %.3f, \"checks\": %lu, \"wrong_free_space\": %lu, \"cells_missing\": %ld,"
                " \"reads\": %lu, \"torn_reads\": %lu, ",
                changes.done, changes.seconds, changes.checks, changes.wrong_free_space, changes.cells_missing,
                changes.reads, changes.torn_reads);
}

void snapshot(const CatalogZone& zone, size_t zone_bytes, const char* path) {
    const Seconds writing;
    const SnapshotWritten written = write_snapshot(path, zone);
    const double write_s = writing.passed();
    if (!written.error.empty()) {
        throw std::runtime_error(written.error);
    }
    CatalogZone fresh(zone_memory(zone_bytes), zone_bytes);
    const Seconds loading;
    const SnapshotLoaded loaded = load_snapshot(path, fresh, 1);
    if (!loaded.in_full || loaded.entries != zone.stats().entries) {
        throw std::runtime_error("the snapshot was not loaded in full: " + loaded.error);
    }
    std::printf("\"snapshot_bytes\": %lu, \"snapshot_write_s\": %.3f, \"snapshot_load_s\": %.3f, ", written.bytes,
                write_s, loading.passed());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "bench_catalog ZONE_BYTES OFFERS CHANGES SNAPSHOT_FILE\n");
        return 2;
    }
    try {
        const size_t zone_bytes = std::stoul(argv[1]);
        const uint64_t offers = std::stoul(argv[2]);
        CatalogZone zone(zone_memory(zone_bytes), zone_bytes);
        std::printf("{");
        fill(zone, offers);
        change(zone, offers, std::stoul(argv[3]));
        snapshot(zone, zone_bytes, argv[4]);
        std::printf("\"damage\": \"%s\"}\n", std::string(zone.find_damage().value_or("")).c_str());
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_catalog: %s\n", error.what());
        return 1;
    }
}
