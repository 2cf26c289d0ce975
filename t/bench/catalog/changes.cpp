#include "changes.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <random>
#include <stdexcept>

#include "offers.hpp"

using namespace coupon;

namespace bench {
namespace {

struct Shared {
    std::atomic<uint64_t> reads, torn;
    std::atomic<bool> stop;
};

// Another process that looks up random offers, as a worker does.
class Reader {
public:
    Reader(const CatalogZone& zone, uint64_t offers)
        : shared_(static_cast<Shared*>(
              mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))),
          child_(fork()) {
        if (child_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            read(zone, offers);
            _exit(0);
        }
    }
    ~Reader() {
        if (!stopped_) {
            stop();
        }
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    const Shared& stop() {
        shared_->stop = true;
        waitpid(child_, nullptr, 0);
        stopped_ = true;
        return *shared_;
    }

private:
    void read(const CatalogZone& zone, uint64_t offers) const {
        std::mt19937_64 random(2);
        char entry[CatalogZone::kBufferBytes];
        while (!shared_->stop) {
            const uint64_t offer = random() % offers;
            const size_t length = zone.lookup(offer_uuid(offer), entry, sizeof entry);
            if (length != 0 && !is_whole({entry, length}, offer)) {
                ++shared_->torn;
            }
            ++shared_->reads;
        }
    }

    Shared* shared_;
    pid_t child_;
    bool stopped_ = false;
};

class Changer {
public:
    Changer(CatalogZone& zone, uint64_t offers)
        : zone_(zone), cells_(offers), generation_(zone.load_generation()) {
        for (uint64_t offer = 0; offer < offers; ++offer) {
            cells_[offer] = cells_of(offer_entry(offer, 0));
            used_ += cells_[offer];
        }
    }

    // Seven of ten get another destination, of another length; three leave or come back.
    void change(uint64_t random) {
        const uint64_t offer = random % cells_.size();
        const bool leaves = scramble(random) % 10 < 3 && cells_[offer] != 0;
        leaves ? remove(offer) : put(offer, static_cast<uint32_t>(1 + scramble(random) % 1'000'000'000));
    }

    void put(uint64_t offer, uint32_t revision) {
        const std::string entry = offer_entry(offer, revision);
        const double start = thread_cpu_s();
        if (zone_.put(offer_uuid(offer), entry, generation_) != PutResult::stored) {
            throw std::runtime_error("the zone refused an offer");
        }
        seconds_ += thread_cpu_s() - start;
        took(offer, cells_of(entry));
    }

    // Whether the zone has exactly as many free cells as its entries leave.
    bool free_space_is_right() const {
        const CatalogStats stats = zone_.stats();
        return stats.free_cells + used_ == stats.cells && stats.evictions == 0;
    }

    double seconds() const { return seconds_; }

private:
    static uint8_t cells_of(const std::string& entry) { return static_cast<uint8_t>(cells_for(entry.size())); }

    void remove(uint64_t offer) {
        const double start = thread_cpu_s();
        if (zone_.erase(offer_uuid(offer)) != EraseResult::erased) {
            throw std::runtime_error("an offer was not to be removed");
        }
        seconds_ += thread_cpu_s() - start;
        took(offer, 0);
    }

    void took(uint64_t offer, uint8_t cells) {
        used_ += cells;
        used_ -= cells_[offer];
        cells_[offer] = cells;
    }

    CatalogZone& zone_;
    std::vector<uint8_t> cells_;  // of each offer; 0: it is not there
    uint64_t used_ = 0;
    uint32_t generation_;
    double seconds_ = 0;
};

}  // namespace

Changes change_many(CatalogZone& zone, uint64_t offers, uint64_t count) {
    Changes result;
    const auto free_before = static_cast<int64_t>(zone.stats().free_cells);
    Changer changer(zone, offers);
    Reader reader(zone, offers);
    std::mt19937_64 random(1);
    for (; result.done < count; ++result.done) {
        changer.change(random());
        if (result.done % (count / 10) == 0) {
            ++result.checks;
            result.wrong_free_space += changer.free_space_is_right() ? 0 : 1;
        }
    }
    result.seconds = changer.seconds();
    const Shared& read = reader.stop();
    result.reads = read.reads;
    result.torn_reads = read.torn;
    for (uint64_t offer = 0; offer < offers; ++offer) {
        changer.put(offer, 0);
    }
    result.cells_missing = free_before - static_cast<int64_t>(zone.stats().free_cells);
    return result;
}

}  // namespace bench
