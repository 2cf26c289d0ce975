// A snapshot of the catalogue, with any bytes overwritten or cut off: what is loaded of it was
// written into it, and it counts as whole only where it is. First byte of the
// input: odd, the checksums are set anew; 2 modulo 4, the end is cut off; 3 modulo 4, the rest is the
// whole file. Else the rest is changes as overwrite() takes them.
#include <sys/mman.h>

#include <cstring>
#include <map>

#include "catalog/snapshot.hpp"
#include "catalog/snapshot_format.hpp"
#include "check.hpp"
#include "core/offer_entry.hpp"
#include "scratch.hpp"

namespace {

constexpr size_t offers = 20;
constexpr size_t zone_bytes = coupon::CatalogZone::kMinBytes;

/// Zeroed memory as the master has it.
class Zone {
  public:
    Zone() : zone_(fresh(), zone_bytes) {}

    coupon::CatalogZone& operator*() { return zone_; }

  private:
    static void* fresh() {
        static void* memory = mmap(nullptr, zone_bytes, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        std::memset(memory, 0, zone_bytes);
        return memory;
    }

    coupon::CatalogZone zone_;
};

using Entries = std::map<coupon::Uuid, std::string>;

const Entries& entries() {
    static const Entries made = [] {
        Entries all;
        for (size_t number = 1; number <= offers; ++number) {
            coupon::OfferSource source;
            source.offer_id = static_cast<int64_t>(number);
            source.uuid.bytes.fill(static_cast<uint8_t>(number));
            source.affiliate_url =
                "https://shop.example/" + std::string(number * 3, 'p') + "?s={click_id}";
            const auto compiled = coupon::compile_destination(source);
            check(compiled.ok);
            all[source.uuid] = coupon::encode_offer_entry(source, compiled.program);
        }
        return all;
    }();
    return made;
}

std::string whole_file() {
    coupon::SnapshotHeader header;
    header.system_identifier = 7;
    header.cursor = 42;
    header.entries = offers;
    header.crc = header.right_crc();
    std::string file(reinterpret_cast<const char*>(&header), sizeof header);
    for (const auto& [uuid, entry] : entries()) {
        coupon::SnapshotRecord record{static_cast<uint32_t>(entry.size()), 0};
        record.crc = record.right_crc(entry.data());
        file.append(reinterpret_cast<const char*>(&record), sizeof record).append(entry);
    }
    return file;
}

/// The checksums as a stranger would set them who may write the file.
void sign(std::string& file) {
    if (file.size() < sizeof(coupon::SnapshotHeader)) {
        return;
    }
    coupon::SnapshotHeader header;
    std::memcpy(&header, file.data(), sizeof header);
    header.magic = coupon::SnapshotHeader::kMagic;
    header.crc = header.right_crc();
    std::memcpy(file.data(), &header, sizeof header);
    coupon::SnapshotRecord record;
    for (size_t at = sizeof header; file.size() - at >= sizeof record;
         at += sizeof record + record.entry_bytes) {
        std::memcpy(&record, file.data() + at, sizeof record);
        if (record.entry_bytes > file.size() - at - sizeof record) {
            return;
        }
        record.crc = record.right_crc(file.data() + at + sizeof record);
        std::memcpy(file.data() + at, &record, sizeof record);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::string original = whole_file();
    static const std::string path = scratch_folder() + "/catalog.snapshot";
    auto input = text_of(data, size);
    const auto how = take_byte(input);
    std::string file = original;
    if (how % 4 == 3) {
        file = input;
    } else {
        overwrite(file.data(), file.size(), input);
        file.resize(how % 4 == 2 ? file.size() - how : file.size());
    }
    const bool forged = how % 2 == 1;
    if (forged) {
        sign(file);
    }
    write_file(path, file);

    Zone zone;
    const auto loaded = coupon::load_snapshot(path, *zone, 1000);
    check(loaded.error.empty() || (loaded.entries == 0 && loaded.damaged == 0 && !loaded.in_full));
    check(!(*zone).find_damage());
    check((*zone).loaded_once() == loaded.in_full);
    check(!loaded.in_full || (loaded.damaged == 0 && !loaded.truncated));
    check(loaded.in_full || (*zone).cursor() == 0);
    check((*zone).stats().entries <= loaded.entries);
    check(forged || !loaded.in_full || loaded.entries == offers);
    size_t position = 0;
    const auto look = [&](std::string_view entry) {
        const auto offer = coupon::decode_offer_entry(entry);
        check(offer && coupon::valid_program(offer->program));
        if (!forged) {
            const auto known = entries().find(offer->uuid);
            check(known != entries().end() && known->second == entry);
        }
    };
    while (!(*zone).read_slice(position, 4096, look)) {
    }
    return 0;
}
