// segments.map with any bytes overwritten: it is opened or put aside, counts what it counted, and
// never gives out a slot twice. First byte of the input: how many slots are used; second: odd, the
// map is opened as couponctl opens it; then changes as overwrite() takes them.
#include <sys/mman.h>

#include <cstring>
#include <filesystem>
#include <set>

#include "check.hpp"
#include "journal/segment_map.hpp"
#include "scratch.hpp"

namespace {

using coupon::SegmentMap;
using coupon::SlotView;

constexpr size_t slots_begin = 4096;
constexpr size_t slot_bytes = 256;
constexpr size_t slots_most = 8;

coupon::Uuid uuid(int number) {
    coupon::Uuid made;
    made.bytes.fill(static_cast<uint8_t>(number));
    return made;
}

/// The map's first pages, as the kernel has them; the file stays as large as it must be.
class Pages {
  public:
    explicit Pages(const std::string& path) {
        const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
        memory_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        check(fd >= 0 && memory_ != MAP_FAILED);
        close(fd);
    }
    ~Pages() { munmap(memory_, bytes); }
    char* data() const { return static_cast<char*>(memory_); }

    static constexpr size_t bytes = slots_begin + slots_most * slot_bytes;

  private:
    void* memory_ = nullptr;
};

void fill(SegmentMap& map, size_t used) {
    for (size_t number = 1; number <= used; ++number) {
        const auto id = uuid(static_cast<int>(number));
        const auto slot = map.claim(id, uuid(100), coupon::JournalKind::clicks, number % 4 == 0);
        check(slot.has_value());
        for (size_t served = 0; served < number; ++served) {
            check(map.count_served(*slot));
        }
        if (number % 2 == 0) {
            map.seal(*slot, number);
            coupon::SeqRanges settled;
            settled.add(0, static_cast<int64_t>(number));
            map.publish_settled(*slot, id, settled);
        }
        if (number % 3 == 0) {
            map.mark_done(*slot);
        }
    }
}

void read(const SegmentMap& map) {
    map.for_each([&](const SlotView& slot) {
        check(slot.id.index < coupon::kSegmentSlots_max);
        uint32_t version = 0;
        const auto settled = map.settled_since(slot.id, slot.segment, version);
        check(!settled || settled->ranges().size() <= 16);
        const auto view = map.view(slot.id);
        check(!view || view->segment == slot.segment);
    });
    map.settlements_read_ms();
}

void change(SegmentMap& map) {
    std::set<uint32_t> used;
    map.for_each([&](const SlotView& slot) { used.insert(slot.id.index); });
    const auto slot = map.claim(uuid(200), uuid(101), coupon::JournalKind::webhooks, false);
    check(slot && !used.contains(slot->index));
    const auto view = map.view(*slot);
    check(view && view->segment == uuid(200) && view->counts.served == 0 &&
          view->counts.unjournaled == 0 && view->counts.sealed == coupon::kOpen &&
          view->never_used());
    check(map.count_served(*slot) && map.view(*slot)->counts.served == 1);
    check(map.find(uuid(200)).has_value());
    map.for_each([&](const SlotView& each) { map.mark_persisted(each.id, each.counts); });
    map.mark_done(*slot);
    map.mark_persisted(*slot, map.view(*slot)->counts);
    map.release_done();
    check(!map.count_served(*slot) && !map.find(uuid(200)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::string folder = scratch_folder();
    static const std::string path = folder + "/segments.map";
    auto input = text_of(data, size);
    const size_t used = take_byte(input) % (slots_most + 1);
    const bool read_only = take_byte(input) % 2 == 1;
    std::string error;
    std::string warning;
    {
        static const auto kept = SegmentMap::open(folder, error, warning);
        check(kept != nullptr);
        Pages pages(path);
        // A new life of the same file: allocating 4 MB each time would be all that is done.
        static const std::string empty(pages.data(), Pages::bytes);
        std::memcpy(pages.data(), empty.data(), empty.size());
        fill(*kept, used);
        overwrite(pages.data(), Pages::bytes, input);
    }
    if (read_only) {
        const auto map = SegmentMap::open_read_only(folder, error);
        check((map != nullptr) == error.empty());
        if (map) {
            read(*map);
        }
        return 0;
    }
    const auto map = SegmentMap::open(folder, error, warning);
    check(map != nullptr && error.empty());
    check(warning.empty() == !std::filesystem::exists(path + ".damaged"));
    read(*map);
    change(*map);
    if (!warning.empty()) {
        // The next input finds the file that all inputs share.
        std::filesystem::rename(path + ".damaged", path);
    }
    return 0;
}
